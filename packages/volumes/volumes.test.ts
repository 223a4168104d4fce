import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ErrorKind, isKind } from '@gantry/errors'
import { createVolumes, type StoredVolume, type VolumeCreate } from './index.ts'

function memoryTable() {
  const rows = new Map<string, StoredVolume>()
  return {
    get: (key: string) => rows.get(key),
    set: (key: string, value: StoredVolume) => void rows.set(key, value),
    delete: (key: string) => rows.delete(key),
    values: () => [...rows.values()],
  }
}

async function setUp(t: TestContext) {
  const dataRoot = mkdtempSync(join(tmpdir(), 'volumes-'))
  const table = memoryTable()
  const events: string[] = []
  const open = () =>
    createVolumes({ dataRoot, table, onEvent: (action, { name }) => events.push(`${action} ${name}`) })
  t.after(() => rmSync(dataRoot, { recursive: true, force: true }))
  return { dataRoot, table, events, open, volumes: await open() }
}

const conflict = (message: string) => (error: unknown) =>
  isKind(error, 'Conflict') && error.message === message

test('a volume is made once, with its directory, and the second create returns the first', async (t) => {
  const { volumes, events, dataRoot } = await setUp(t)
  const [first, second] = await Promise.all([
    volumes.create({ name: 'data', labels: { k: 'v' } }),
    volumes.create({ name: 'data', labels: { k: 'other' } }),
  ])
  assert.equal(first.mountpoint, join(dataRoot, 'volumes/data/_data'))
  assert.deepEqual(second.labels, { k: 'v' })
  assert.ok(statSync(first.mountpoint).isDirectory())
  assert.deepEqual(events, ['create data'])
})

test('CVE-2021-41091: other users of the host cannot reach into volumes', async (t) => {
  const { volumes, dataRoot } = await setUp(t)
  await volumes.create({ name: 'data' })
  assert.equal(statSync(join(dataRoot, 'volumes')).mode & 0o077, 0)
})

const refused: { request: VolumeCreate; kind: ErrorKind; message: string }[] = [
  {
    request: { name: 'a/b' },
    kind: 'InvalidParameter',
    message:
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
  },
  {
    request: { name: 'a' },
    kind: 'InvalidParameter',
    message: 'create a: volume name is too short, names should be at least two alphanumeric characters',
  },
  {
    request: { name: 'x1', driver: 'nope' },
    kind: 'NotFound',
    message: 'create x1: error looking up volume plugin nope: plugin "nope" not found',
  },
  {
    request: { name: 'y1', options: { bad: '1' } },
    kind: 'InvalidParameter',
    message: 'create y1: invalid option: "bad"',
  },
  {
    request: { name: 'y1', options: { type: 'tmpfs' } },
    kind: 'InvalidParameter',
    message: 'create y1: missing required option: "device"',
  },
]
for (const { request, kind, message } of refused)
  test(`refused: ${message.slice(0, 60)}`, async (t) => {
    const { volumes, dataRoot } = await setUp(t)
    await assert.rejects(volumes.create(request), (error) => isKind(error, kind) && error.message === message)
    assert.deepEqual(readdirSync(join(dataRoot, 'volumes')), [])
  })

test('names that lead out of the data root are refused', async (t) => {
  const { volumes } = await setUp(t)
  for (const name of ['..', '../x', '.hidden', 'a\0b', '-x', 'x'.repeat(256)])
    await assert.rejects(volumes.create({ name }), (error) => isKind(error, 'InvalidParameter'), name)
  for (const name of ['..', '../x'])
    await assert.rejects(volumes.remove(name), (error) => isKind(error, 'NotFound'), name)
})

test('a nameless volume gets 64 hex digits and the label that marks it', async (t) => {
  const { volumes } = await setUp(t)
  const volume = await volumes.create({ anonymous: true })
  assert.match(volume.name, /^[0-9a-f]{64}$/)
  assert.deepEqual(volume.labels, { 'com.docker.volume.anonymous': '' })
})

test('a volume in use cannot be removed; afterwards nothing of it is left', async (t) => {
  const { volumes, dataRoot, events } = await setUp(t)
  const { mountpoint } = await volumes.create({ name: 'data' })
  await mkdir(join(mountpoint, 'deep/er'), { recursive: true })
  volumes.acquire('data', 'c1')
  volumes.acquire('data', 'c2')
  await assert.rejects(volumes.remove('data'), conflict('remove data: volume is in use - [c1, c2]'))
  await assert.rejects(volumes.remove('data', { force: true }), (error) => isKind(error, 'Conflict'))
  volumes.release('data', 'c1')
  volumes.release('data', 'c2')
  await volumes.remove('data')
  assert.deepEqual(readdirSync(join(dataRoot, 'volumes')), [])
  assert.deepEqual(events, ['create data', 'destroy data'])
  assert.throws(() => volumes.find('data'), { message: 'get data: no such volume' })
  assert.throws(() => volumes.acquire('data', 'c1'), { message: 'get data: no such volume' })
  await assert.rejects(volumes.remove('data'), { message: 'get data: no such volume' })
  await volumes.remove('data', { force: true })
})

test('a removal that a crash cut short is finished at the next start', async (t) => {
  const { volumes, dataRoot, open } = await setUp(t)
  await volumes.create({ name: 'kept' })
  const trash = join(dataRoot, 'volumes/.removed-0123')
  await mkdir(join(trash, '_data'), { recursive: true })
  const again = await open()
  assert.ok(!existsSync(trash))
  assert.deepEqual(
    again.list().map(({ name }) => name),
    ['kept'],
  )
})

test('size counts content once per inode', async (t) => {
  const { volumes } = await setUp(t)
  const { mountpoint } = await volumes.create({ name: 'data' })
  await mkdir(join(mountpoint, 'sub'))
  writeFileSync(join(mountpoint, 'sub/file'), Buffer.alloc(1234))
  assert.equal(await volumes.size('data'), 1234)
})

const isMounted = async (path: string) =>
  (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${path} `)

test('a volume with mount options is mounted for its first user and unmounted after the last', async (t) => {
  const { volumes, open, events } = await setUp(t)
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=700,nosuid' }
  const { mountpoint } = await volumes.create({ name: 'mem', options })
  assert.equal(await isMounted(mountpoint), false)

  const use = { destination: '/v', readWrite: true }
  assert.deepEqual(await Promise.all([volumes.mount('mem', 'c1', use), volumes.mount('mem', 'c2', use)]), [
    mountpoint,
    mountpoint,
  ])
  writeFileSync(join(mountpoint, 'note'), 'kept')

  const restarted = await open()
  await restarted.mount('mem', 'c1')
  await restarted.unmount('mem', 'c1')
  await restarted.unmount('mem', 'c1')
  assert.equal(readFileSync(join(mountpoint, 'note'), 'utf8'), 'kept')
  await restarted.unmount('mem', 'c2')
  assert.equal(await isMounted(mountpoint), false)
  assert.deepEqual(events.slice(1), ['mount mem', 'mount mem', 'unmount mem', 'unmount mem'])
})

test('a bind mount as a volume; removing the volume unmounts it and leaves the source alone', async (t) => {
  const { volumes, dataRoot } = await setUp(t)
  const device = join(dataRoot, 'host')
  await mkdir(device)
  writeFileSync(join(device, 'file'), 'host')
  const options = { type: 'none', device, o: 'bind,ro' }
  const { mountpoint } = await volumes.create({ name: 'host', options })
  await volumes.mount('host', 'c1')
  assert.equal(readFileSync(join(mountpoint, 'file'), 'utf8'), 'host')
  assert.throws(() => writeFileSync(join(mountpoint, 'file'), 'x'), { code: 'EROFS' })
  await volumes.remove('host')
  assert.equal(readFileSync(join(device, 'file'), 'utf8'), 'host')
})

test('a mount that fails says what was tried, and leaves the volume unmounted', async (t) => {
  const { volumes, dataRoot } = await setUp(t)
  const device = join(dataRoot, 'missing')
  const { mountpoint } = await volumes.create({ name: 'bad', options: { type: 'none', device, o: 'bind' } })
  await assert.rejects(volumes.mount('bad', 'c1'), {
    kind: 'System',
    message: `error while mounting volume '${mountpoint}': failed to mount local volume: mount ${device}:${mountpoint}, flags: 0x1000: no such file or directory`,
  })
  assert.equal(await isMounted(mountpoint), false)
})

test('what a killed daemon left of volumes in the making and on their way out is finished', async (t) => {
  const { dataRoot, table, volumes, open } = await setUp(t)
  const kept = await volumes.create({ name: 'kept' })
  const { mountpoint } = await volumes.create({ name: 'going' })
  writeFileSync(join(mountpoint, 'file'), 'x')
  table.set('going', { ...(table.get('going') as StoredVolume), removing: true })
  await mkdir(join(dataRoot, 'volumes', 'unmade', '_data'), { recursive: true })
  await mkdir(join(dataRoot, 'volumes', 'foreign', '_data'), { recursive: true })
  writeFileSync(join(dataRoot, 'volumes', 'foreign', '_data', 'file'), 'not ours to judge')
  const again = await open()
  assert.deepEqual(readdirSync(join(dataRoot, 'volumes')).sort(), ['foreign', 'kept'])
  assert.deepEqual(
    again.list().map(({ name }) => name),
    [kept.name],
  )
})
