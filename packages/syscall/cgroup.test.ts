import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Cgroup, cgroupLayout } from './cgroup.ts'

/** Plain files in the place of a v2 tree, which the test's host need not have. */
async function version2(t: TestContext): Promise<{ group: Cgroup; directory: string }> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-cgroup-'))
  t.after(() => rm(root, { recursive: true }))
  const directory = join(root, 'gantry', 'x')
  await mkdir(join(directory, 'child'), { recursive: true })
  await writeFile(join(directory, 'cgroup.procs'), '3\n5\n')
  await writeFile(join(directory, 'child', 'cgroup.procs'), '8\n')
  await writeFile(join(directory, 'cgroup.freeze'), '0\n')
  await writeFile(join(directory, 'memory.events'), 'low 0\noom 2\noom_kill 1\n')
  return {
    group: new Cgroup({ mode: 'v2', root, controllers: [], unifiedControllers: [] }, '/gantry/x'),
    directory,
  }
}

test('v2: processes, also of the groups below, and the kernel’s counts', async (t) => {
  const { group } = await version2(t)
  assert.deepEqual((await group.processes()).sort(), [3, 5, 8])
  assert.equal(await group.oomKills(), 1)
  assert.equal(await group.isFrozen(), false)
})

test('processes that cannot be looked at are not taken for none', async (t) => {
  const { group, directory } = await version2(t)
  await rm(join(directory, 'child', 'cgroup.procs'))
  assert.deepEqual((await group.processes()).sort(), [3, 5])
  await mkdir(join(directory, 'child', 'cgroup.procs'))
  await assert.rejects(group.processes(), { code: 'EISDIR' })
})

test('v2: freezing waits for the kernel to say so', async (t) => {
  const { group, directory } = await version2(t)
  await writeFile(join(directory, 'cgroup.events'), 'populated 1\nfrozen 0\n')
  setTimeout(() => void writeFile(join(directory, 'cgroup.events'), 'populated 1\nfrozen 1\n'), 20)
  await group.freeze(true)
  assert.equal(await readFile(join(directory, 'cgroup.freeze'), 'utf8'), '1')
})

test('a group of this host is made, found and removed with what is below it', async () => {
  const layout = cgroupLayout()
  assert.ok(layout.controllers.length > 0)
  const group = new Cgroup(layout, `/gantry-cgroup-${process.pid}`)
  assert.equal(await group.exists(), false)
  for (const directory of group.directories()) await mkdir(join(directory, 'child'), { recursive: true })
  assert.equal(await group.exists(), true)
  assert.deepEqual(await group.processes(), [])
  await group.kill()
  await group.remove()
  await group.remove()
  assert.equal(await group.exists(), false)
})
