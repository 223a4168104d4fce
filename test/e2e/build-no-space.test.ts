/** A build on a disk that is too small says so, and leaves the disk as it was. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { mount, UnmountFlag, unmount } from '@gantry/syscall'
import { startDaemon, until } from './harness.ts'

test('no space left: for a step, and for a context', async (t) => {
  const top = await mkdtemp('/tmp/gantry-e2e-small-')
  const small = join(top, 'disk')
  await mkdir(small)
  mount({ source: 'none', target: small, type: 'tmpfs', data: 'size=40m' })
  const daemon = await startDaemon(t, { flags: ['--data-root', `${small}/data`] })
  t.after(async () => {
    unmount(small, UnmountFlag.detach)
    await rm(top, { recursive: true, force: true })
  })
  const root = join(top, 'context')
  await mkdir(root)
  const build = async (dockerfile: string): Promise<string> => {
    await writeFile(join(root, 'Dockerfile'), dockerfile)
    const { exitCode, stderr } = await daemon.gantry(['build', root])
    assert.equal(exitCode, 1, stderr)
    return stderr
  }
  // What it gives back of its network can not be written down now: the step's own failure is told all the same.
  const step = await build('FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=100\n')
  assert.match(step, /dd: error writing '\/big': No space left on device/)
  assert.match(step, /did not complete successfully: exit code: 1\n$/)
  await writeFile(join(root, 'big'), Buffer.alloc(60 << 20))
  assert.match(await build('FROM busybox\nCOPY big /\n'), /no space left on device/i)
  for (const name of ['contexts', 'snapshots'])
    await until(`nothing in ${name}`, async () => (await readdir(`${small}/data/build/${name}`)).length === 0)
  const { stdout } = await daemon.gantry(['run', '--rm', '--network=none', 'busybox', 'echo', 'still works'])
  assert.equal(stdout, 'still works\n')
  // The context is kept for the next build; without it there is room for a smaller one.
  await rm(join(root, 'big'))
  await daemon.gantry(['builder', 'prune', '-af'])
  await writeFile(join(root, 'Dockerfile'), 'FROM busybox\nCOPY . /all/\nRUN test -e /all/Dockerfile\n')
  const { exitCode, stderr } = await daemon.gantry(['build', root])
  assert.equal(exitCode, 0, stderr)
})
