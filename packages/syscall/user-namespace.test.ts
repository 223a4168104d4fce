import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { UnmountFlag, unmount } from './mount.ts'
import { releaseNamespace } from './namespace-file.ts'
import { mountOverlay } from './overlay.ts'
import { createNetworkNamespaceIn, createUserNamespace, rootOf } from './user-namespace.ts'

const mapping = {
  uids: [{ inside: 0, outside: 300_000, length: 1000 }],
  gids: [
    { inside: 0, outside: 400_000, length: 10 },
    { inside: 10, outside: 500_000, length: 20 },
  ],
}

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-userns-'))
  chmodSync(path, 0o711) // the namespace's root passes through
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A shell command as root of the namespaces. */
const inside = (options: string[], script: string) =>
  execFileSync('nsenter', [...options, '-S', '0', '-G', '0', 'sh', '-c', script]).toString()

test('a user namespace and its network namespace live on files, with no process left', async (t) => {
  const path = await directory(t)
  const [user, network] = [join(path, 'user', 'a'), join(path, 'net', 'a')]
  const before = readdirSync('/proc/self/task').length
  createUserNamespace(mapping, { user, network })
  t.after(() => [user, network].forEach(releaseNamespace))
  const text = inside(
    [`--user=${user}`, `--net=${network}`],
    'cat /proc/self/uid_map /proc/self/gid_map; ip link',
  )
  assert.deepEqual(
    text
      .split('\n')
      .slice(0, 3)
      .map((line) => line.trim().split(/\s+/).map(Number)),
    [
      [0, 300_000, 1000],
      [0, 400_000, 10],
      [10, 500_000, 20],
    ],
  )
  assert.match(text, /1: lo:/)
  // Its root rules over the network, which root of the host's namespace could not be told to.
  inside([`--user=${user}`, `--net=${network}`], 'ip link set lo up')
  assert.equal(readdirSync('/proc/self/task').length, before)
  assert.deepEqual(rootOf(mapping), { uid: 300_000, gid: 400_000 })
  for (const file of [user, network]) {
    releaseNamespace(file)
    releaseNamespace(file)
    assert.equal(existsSync(file), false)
  }
})

test('what cannot be mapped or kept leaves nothing', async (t) => {
  const path = await directory(t)
  const user = join(path, 'user')
  assert.throws(() =>
    createUserNamespace({ ...mapping, uids: [{ inside: 0, outside: -1, length: 1 }] }, { user }),
  )
  assert.deepEqual(readdirSync(path), [])
  const network = join(path, 'taken')
  writeFileSync(network, '')
  assert.throws(() => createUserNamespace(mapping, { user, network }), { code: 'EEXIST' })
  assert.deepEqual(readdirSync(path), ['taken'])
  assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(path))
})

test('an id-mapped overlay shows shifted owners and keeps the image’s on the disk', async (t) => {
  const path = await directory(t)
  using undo = new DisposableStack()
  const user = join(path, 'user')
  createUserNamespace(mapping, { user })
  undo.defer(() => releaseNamespace(user))
  const at = (name: string) => join(path, name)
  for (const name of ['lower', 'base', 'upper', 'work', 'target']) mkdirSync(at(name))
  mkdirSync(at('base/directory'))
  writeFileSync(at('lower/file'), 'x')
  chownSync(at('lower/file'), 5, 12)
  const idMap = { namespace: user, root: rootOf(mapping) }
  const target = at('target')
  mountOverlay({ lower: [at('lower'), at('base')], upper: at('upper'), work: at('work'), target, idMap })
  undo.defer(() => unmount(target, UnmountFlag.detach))
  const owner = (name: string) => [lstatSync(at(name)).uid, lstatSync(at(name)).gid]
  assert.deepEqual(owner('target/file'), [300_005, 500_002])
  const script =
    'set -e; cd $0; echo y >> file; echo z > new; chown 9:11 new; rm -r directory; mkdir directory; ln -s a link'
  execFileSync('nsenter', [`--user=${user}`, '-S', '0', '-G', '0', 'sh', '-c', script, target])
  assert.deepEqual(
    [owner('upper/file'), owner('target/new')],
    [
      [5, 12],
      [300_009, 500_001],
    ],
  )
  assert.deepEqual(
    [owner('upper/new'), owner('upper/directory'), owner('upper/link')],
    [
      [9, 11],
      [0, 0],
      [0, 0],
    ],
  )
  // The thread is root of the host again.
  writeFileSync(at('mine'), '')
  assert.deepEqual(owner('mine'), [0, 0])
  assert.match(readFileSync('/proc/self/status', 'utf8'), /^Uid:\t0\t0\t0\t0$/m)
})

test('a network namespace made in a user namespace that is there obeys its root', async (t) => {
  const path = await directory(t)
  const [user, first, second] = ['user', 'first', 'second'].map((name) => join(path, name)) as [
    string,
    string,
    string,
  ]
  try {
    createUserNamespace(mapping, { user, network: first })
    const threads = readdirSync('/proc/self/task').length
    createNetworkNamespaceIn(user, second)
    assert.equal(readdirSync('/proc/self/task').length, threads)
    for (const network of [first, second])
      assert.equal(
        inside([`--user=${user}`, `--net=${network}`], 'ip link set lo up && echo up').trim(),
        'up',
      )
    assert.notEqual(statSync(first).ino, statSync(second).ino)
  } finally {
    for (const file of [user, first, second]) releaseNamespace(file)
  }
})

test('a user namespace that cannot be entered gives no network namespace', async (t) => {
  const path = await directory(t)
  const network = join(path, 'network')
  writeFileSync(join(path, 'no-namespace'), '')
  assert.throws(() => createNetworkNamespaceIn('/proc/self/ns/user', network))
  assert.throws(() => createNetworkNamespaceIn(join(path, 'no-namespace'), network))
  assert.equal(existsSync(network), false)
})
