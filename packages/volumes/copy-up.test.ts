import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createVolumes, type StoredVolume } from './index.ts'

async function setUp(t: TestContext) {
  const top = mkdtempSync(join(tmpdir(), 'copy-up-'))
  t.after(() => rmSync(top, { recursive: true, force: true }))
  const rows = new Map<string, StoredVolume>()
  const volumes = await createVolumes({
    dataRoot: join(top, 'data'),
    table: {
      get: (key) => rows.get(key),
      set: (key, value) => void rows.set(key, value),
      delete: (key) => rows.delete(key),
      values: () => [...rows.values()],
    },
  })
  const { mountpoint } = await volumes.create({ name: 'vol' })
  const root = join(top, 'root')
  const canary = join(top, 'canary')
  for (const path of [root, canary]) mkdirSync(path)
  writeFileSync(join(canary, 'secret'), 'host only')
  return { volumes, rows, mountpoint, root, canary }
}

/** Names, modes, owners and contents below a directory, as one hash. */
function treeHash(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const info = lstatSync(join(directory, name))
    hash.update(`${name} ${info.mode} ${info.uid} ${info.mtimeMs}\n`)
    if (info.isFile()) hash.update(readFileSync(join(directory, name)))
  }
  return hash.update(`${statSync(directory).mode}`).digest('hex')
}

test('an empty volume gets the content of the image, and the look of its directory', async (t) => {
  const { volumes, mountpoint, root } = await setUp(t)
  mkdirSync(join(root, 'srv/www'), { recursive: true })
  writeFileSync(join(root, 'srv/www/index.html'), '<h1>')
  chownSync(join(root, 'srv/www'), 33, 34)
  chmodSync(join(root, 'srv/www'), 0o2750)
  await volumes.copyUp('vol', { root, path: '/srv/www' })
  assert.equal(readFileSync(join(mountpoint, 'index.html'), 'utf8'), '<h1>')
  const { uid, gid, mode } = statSync(mountpoint)
  assert.deepEqual({ uid, gid, mode: mode & 0o7777 }, { uid: 33, gid: 34, mode: 0o2750 })
})

test('an empty directory of the image still gives owner and mode', async (t) => {
  const { volumes, mountpoint, root } = await setUp(t)
  mkdirSync(join(root, 'data'))
  chownSync(join(root, 'data'), 1000, 1000)
  await volumes.copyUp('vol', { root, path: 'data' })
  assert.equal(statSync(mountpoint).uid, 1000)
})

test('a volume with content, or a path that is no directory, stays as it is', async (t) => {
  const { volumes, mountpoint, root } = await setUp(t)
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'data/new'), '')
  symlinkSync('data/new', join(root, 'file'))
  symlinkSync('loop', join(root, 'loop'))
  for (const path of ['/missing', '/file', '/loop', '/data/new/x'])
    await volumes.copyUp('vol', { root, path })
  assert.deepEqual(readdirSync(mountpoint), [])
  writeFileSync(join(mountpoint, 'mine'), '')
  await volumes.copyUp('vol', { root, path: '/data' })
  assert.deepEqual(readdirSync(mountpoint), ['mine'])
})

test('two containers that share a new volume fill it once', async (t) => {
  const { volumes, mountpoint, root } = await setUp(t)
  mkdirSync(join(root, 'data'))
  for (let index = 0; index < 50; index++) writeFileSync(join(root, `data/${index}`), `${index}`)
  await Promise.all([1, 2, 3].map(() => volumes.copyUp('vol', { root, path: '/data' })))
  assert.equal(readdirSync(mountpoint).length, 50)
})

test('a copy that a crash cut short is done anew', async (t) => {
  const { volumes, rows, mountpoint, root } = await setUp(t)
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'data/whole'), 'whole')
  writeFileSync(join(mountpoint, 'half'), 'ha')
  const row = rows.get('vol')
  assert.ok(row)
  rows.set('vol', { ...row, filling: true })
  await volumes.copyUp('vol', { root, path: '/data' })
  assert.deepEqual(readdirSync(mountpoint), ['whole'])
})

test('CVE-2022-23648: an image path that is a link out of the image gives nothing of the host', async (t) => {
  const { volumes, mountpoint, root, canary } = await setUp(t)
  const before = treeHash(canary)
  symlinkSync(canary, join(root, 'absolute'))
  symlinkSync(`../../../../../../../..${canary}`, join(root, 'relative'))
  mkdirSync(join(root, 'dir'))
  symlinkSync('/', join(root, 'dir/up'))
  const ways = ['/absolute', '/relative', `/../..${canary}`, `/dir/up${canary}`, `/dir/../../..${canary}`]
  for (const path of ways) {
    await volumes.copyUp('vol', { root, path })
    assert.deepEqual(readdirSync(mountpoint), [], path)
  }
  assert.equal(treeHash(canary), before)
})

test('CVE-2022-23648: a link inside the image is followed inside the image', async (t) => {
  const { volumes, mountpoint, root, canary } = await setUp(t)
  mkdirSync(join(root, canary), { recursive: true })
  writeFileSync(join(root, canary, 'inside'), 'image')
  symlinkSync(canary, join(root, 'data'))
  await volumes.copyUp('vol', { root, path: '/data' })
  assert.deepEqual(readdirSync(mountpoint), ['inside'])
})

test('CVE-2018-15664: links in the copied tree stay links, and nothing is written through them', async (t) => {
  const { volumes, mountpoint, root, canary } = await setUp(t)
  const before = treeHash(canary)
  mkdirSync(join(root, 'data/sub'), { recursive: true })
  symlinkSync(canary, join(root, 'data/out'))
  symlinkSync(join(canary, 'secret'), join(root, 'data/sub/file'))
  chmodSync(join(root, 'data/sub'), 0o777)
  await volumes.copyUp('vol', { root, path: '/data' })
  assert.equal(readlinkSync(join(mountpoint, 'out')), canary)
  assert.equal(readlinkSync(join(mountpoint, 'sub/file')), join(canary, 'secret'))
  assert.equal(treeHash(canary), before)
})
