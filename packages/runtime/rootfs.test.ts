import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { mountRootfs, unmountRootfs } from './rootfs.ts'
import { collect, makeBench } from './testing.ts'

test('more layers than fit into one page of mount options', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-rootfs-'))
  t.after(() => rm(directory, { recursive: true }))
  const lower = Array.from({ length: 120 }, (_, n) => join(directory, `layer:,${'x'.repeat(60)}`, String(n)))
  for (const [n, layer] of lower.entries()) {
    await mkdir(layer, { recursive: true })
    await writeFile(join(layer, 'top'), String(n))
    await writeFile(join(layer, `own-${n}`), '')
  }
  const [upper, work, target] = [join(directory, 'upper'), join(directory, 'work'), join(directory, 'merged')]
  await Promise.all([mkdir(upper), mkdir(work)])
  await mountRootfs({ lower, upper, work }, target)
  assert.equal(await readFile(join(target, 'top'), 'utf8'), '0')
  await readFile(join(target, 'own-119'))
  await writeFile(join(target, 'new'), '')
  await readFile(join(upper, 'new'))
  await unmountRootfs(target)
  await unmountRootfs(target)
})

test('sockets work under a path that is longer than theirs may be', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'gantry-long-'))
  const bench = await makeBench(t, { directory: join(parent, 'x'.repeat(100), 'bench') })
  t.after(() => rm(parent, { recursive: true }))
  for (const terminal of [false, true]) {
    const task = await bench.create(['echo', 'hi'], { terminal, stdin: 'once' })
    const attachment = await task.attach()
    await task.start()
    assert.match((await collect(attachment)).stdout, /^hi\r?\n$/)
    await task.exit
    await task.delete()
  }
})

test('a read-only root is read-only for the container, and mount points can still be made', async (t) => {
  const bench = await makeBench(t)
  const task = await bench.create(['sh', '-c', 'echo x > /file || exit 3'], {}, (spec) => {
    spec.root.readonly = true
    spec.mounts.push({ destination: '/new/place', type: 'tmpfs', source: 'tmpfs' })
  })
  assert.equal(await bench.finish(task), 3)
})
