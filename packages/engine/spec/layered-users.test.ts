import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mountOverlay, setXattr, UnmountFlag, unmount } from '@gantry/syscall'
import { readLayeredUsers } from './layered-users.ts'
import { readUserDatabase } from './user-database.ts'

type Change = (etc: string, root: string) => Promise<unknown>

/** What one layer may hold, each a case that overlayfs decides. */
const changes: Record<string, Change> = {
  nothing: async () => {},
  'an empty directory': (etc) => mkdir(etc),
  'a file': async (etc) => {
    await mkdir(etc)
    await writeFile(join(etc, 'passwd'), `${etc.length}:x:${etc.length}:1::/:\n`)
  },
  'a hidden file': async (etc) => {
    await mkdir(etc)
    execFileSync('mknod', [join(etc, 'passwd'), 'c', '0', '0'])
  },
  'a hidden directory': async (etc) => execFileSync('mknod', [etc, 'c', '0', '0']),
  'an opaque directory': async (etc) => {
    await mkdir(etc)
    setXattr(Buffer.from(etc), 'trusted.overlay.opaque', Buffer.from('y'))
  },
  'a fifo': async (etc) => {
    await mkdir(etc)
    execFileSync('mkfifo', [join(etc, 'passwd')])
  },
  'a file in the place of the directory': (etc) => writeFile(etc, ''),
}

async function layersOf(t: TestContext, made: Change[]): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-users-'))
  t.after(() => rm(directory, { recursive: true }))
  return await Promise.all(
    made.map(async (change, index) => {
      // Names of different lengths tell which layer a line comes from.
      const root = join(directory, 'l'.repeat(index + 1))
      await mkdir(root)
      await change(join(root, 'etc'), root)
      return root
    }),
  )
}

test('layers are read as overlayfs shows them, whatever is in each of three', async (t) => {
  const names = Object.keys(changes)
  for (const top of names)
    for (const middle of names) {
      const kinds = [top, middle, 'a file']
      const layers = await layersOf(
        t,
        kinds.map((kind) => changes[kind] as Change),
      )
      const target = await mkdtemp(join(tmpdir(), 'gantry-users-'))
      mountOverlay({ lower: layers, target, readOnly: true })
      const expected = readUserDatabase(target)
      unmount(target, UnmountFlag.detach)
      await rm(target, { recursive: true })
      assert.deepEqual(readLayeredUsers(layers), expected, kinds.join(' over '))
    }
})

test('a symbolic link is left to the mounted whole', async (t) => {
  const linked: Change[] = [
    (etc) => symlink('/elsewhere', etc),
    async (etc) => {
      await mkdir(etc)
      await symlink('../passwd', join(etc, 'passwd'))
    },
  ]
  for (const change of linked) {
    const layers = await layersOf(t, [changes.nothing as Change, change, changes['a file'] as Change])
    assert.equal(readLayeredUsers(layers), null)
  }
})
