import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type Digest, digestOf, entryHeader, type TarHeader, tarOf, textOfName } from '@gantry/oci'
import { getXattr } from '@gantry/syscall'
import type { LayerStore } from '../contracts.ts'
import { openLayerStore } from './layer-store.ts'

type Entry = Partial<TarHeader> & Pick<TarHeader, 'name'> & { content?: string }

const layerTar = (entries: Entry[]): Promise<Buffer> =>
  tarOf(
    entries.map(({ content = '', ...fields }) => ({
      header: entryHeader({ type: 'file', ...fields, size: Buffer.byteLength(content) }),
      content: [Buffer.from(content)],
    })),
  )

async function openStore(t: TestContext): Promise<{ store: LayerStore; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-layers-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return { store: await openLayerStore(join(directory, 'layers')), directory }
}

const unpack = (store: LayerStore, tar: Buffer, parent: Digest | null = null, sent = tar) =>
  store.unpack(Readable.from([sent]), digestOf(tar), parent)

async function unpacked(t: TestContext, entries: Entry[]): Promise<string> {
  const { store } = await openStore(t)
  const { chainId } = await unpack(store, await layerTar(entries))
  return (await store.directories(chainId))[0] as string
}

test('a layer has the owners, modes, times, links, devices and attributes of its archive', async (t) => {
  const time = { seconds: 1_000_000_000, nanoseconds: 5 }
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
  const root = await unpacked(t, [
    { name: './', type: 'directory', mode: 0o751, modified: time },
    { name: 'd/', type: 'directory', mode: 0o1777, uid: 7, gid: 8, modified: time },
    { name: 'd/file', content: 'hello', mode: 0o4755, uid: 1000, gid: 3_000_000_000, modified: time },
    { name: 'd/hard', type: 'link', linkName: 'd/file' },
    { name: 'link', type: 'symlink', linkName: '/d/../../../etc/passwd', uid: 5, modified: time },
    { name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    { name: 'disk', type: 'block', deviceMajor: 259, deviceMinor: 70_000 },
    { name: 'pipe', type: 'fifo', mode: 0o622 },
    {
      name: 'ping',
      content: 'x',
      xattrs: new Map([
        ['security.capability', capability],
        ['user.note', Buffer.from('n')],
        ['trusted.overlay.redirect', Buffer.from('/etc')],
        ['user.overlay.opaque', Buffer.from('y')],
      ]),
    },
    { name: textOfName(Buffer.from([0x66, 0xff])), content: 'not UTF-8' },
  ])
  const of = (path: string) => lstatSync(join(root, path), { bigint: true })
  assert.equal(of('.').mode & 0o7777n, 0o751n)
  assert.deepEqual([of('d').mode & 0o7777n, of('d').uid, of('d').gid], [0o1777n, 7n, 8n])
  for (const path of ['.', 'd', 'd/file', 'link'])
    assert.equal(of(path).mtimeNs, 1_000_000_000_000_000_005n, path)
  assert.equal(readFileSync(join(root, 'd/file'), 'utf8'), 'hello')
  assert.deepEqual([of('d/file').mode & 0o7777n, of('d/file').gid], [0o4755n, 3_000_000_000n])
  assert.equal(of('d/hard').ino, of('d/file').ino)
  assert.equal(readlinkSync(join(root, 'link')), '/d/../../../etc/passwd')
  assert.equal(of('link').uid, 5n)
  assert.ok(of('null').isCharacterDevice() && of('null').rdev === 0x103n)
  assert.equal(of('null').mode & 0o777n, 0o666n)
  assert.equal(of('disk').rdev, (259n << 8n) | (70_000n & 0xffn) | ((70_000n & ~0xffn) << 12n))
  assert.ok(of('pipe').isFIFO())
  const xattr = (name: string) => getXattr(Buffer.from(join(root, 'ping')), name)
  assert.deepEqual(xattr('security.capability'), capability)
  assert.equal(xattr('user.note')?.toString(), 'n')
  assert.equal(xattr('trusted.overlay.redirect'), null)
  assert.equal(xattr('user.overlay.opaque'), null)
  assert.ok(readdirSync(root, 'buffer').some((name) => name.equals(Buffer.from([0x66, 0xff]))))
})

test('whiteouts become what overlay understands', async (t) => {
  const root = await unpacked(t, [
    { name: 'd/', type: 'directory' },
    { name: 'd/.wh..wh..opq' },
    { name: '.wh.gone' },
    { name: '.wh.again' },
    { name: 'again/', type: 'directory' },
    { name: 'kept', content: 'k' },
    { name: '.wh.kept' },
    { name: '.wh..wh.plnk' },
    { name: '.wh...' },
  ])
  const opaque = (path: string) =>
    getXattr(Buffer.from(join(root, path)), 'trusted.overlay.opaque')?.toString()
  assert.deepEqual(readdirSync(root).sort(), ['again', 'd', 'gone', 'kept'])
  assert.deepEqual(readdirSync(join(root, 'd')), [])
  assert.equal(opaque('d'), 'y')
  assert.equal(opaque('again'), 'y')
  const gone = lstatSync(join(root, 'gone'))
  assert.ok(gone.isCharacterDevice() && gone.rdev === 0)
  assert.equal(readFileSync(join(root, 'kept'), 'utf8'), 'k')
})

test('a later entry replaces an earlier one of another type', async (t) => {
  const root = await unpacked(t, [
    { name: 'a/deep/er', content: '1' },
    { name: 'a', content: 'file now' },
    { name: 'b', type: 'symlink', linkName: 'a' },
    { name: 'b/', type: 'directory' },
    { name: 'c', type: 'symlink', linkName: 'a' },
    { name: 'c', content: 'not through the link' },
  ])
  assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'file now')
  assert.ok(lstatSync(join(root, 'b')).isDirectory())
  assert.equal(readFileSync(join(root, 'c'), 'utf8'), 'not through the link')
})

test('a directory that the archive leaves out is as the layers below have it', async (t) => {
  const { store } = await openStore(t)
  const base = await unpack(
    store,
    await layerTar([{ name: 'tmp/', type: 'directory', mode: 0o1777, uid: 3 }]),
  )
  const top = await unpack(store, await layerTar([{ name: 'tmp/x/y', content: 'z' }]), base.chainId)
  const directories = await store.directories(top.chainId)
  assert.equal(directories.length, 2)
  const { mode, uid } = lstatSync(join(directories[0] as string, 'tmp'))
  assert.deepEqual([mode & 0o7777, uid], [0o1777, 3])
})

for (const [name, compress] of [
  ['plain', (tar: Buffer) => tar],
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['bzip2', (tar: Buffer) => execFileSync('bzip2', ['-c'], { input: tar })],
  ['xz', (tar: Buffer) => execFileSync('xz', ['-c'], { input: tar })],
] as const) {
  test(`unpacks ${name} layers and checks the uncompressed bytes`, async (t) => {
    const { store, directory } = await openStore(t)
    const tar = await layerTar([{ name: 'f', content: 'x'.repeat(500_000) }])
    const wrong = store.unpack(Readable.from([compress(tar)]), digestOf('other'), null)
    await assert.rejects(wrong, { kind: 'InvalidParameter', message: /where sha256:.* was announced/ })
    assert.deepEqual(await readdir(join(directory, 'layers/tmp')), [])
    const { size, chainId } = await unpack(store, tar, null, compress(tar))
    assert.equal(size, 500_000)
    assert.equal(chainId, digestOf(tar))
  })
}

test('many at once unpack the same layer once', async (t) => {
  const { store } = await openStore(t)
  const tar = await layerTar([{ name: 'f', content: 'x' }])
  const broken = unpack(store, tar, null, tar.subarray(0, 600))
  const layers = await Promise.allSettled([broken, ...Array.from({ length: 4 }, () => unpack(store, tar))])
  assert.deepEqual(
    layers.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
  assert.equal((await store.list()).length, 1)
})

test('layers are found again, removed whole, and half-made ones are cleaned away', async (t) => {
  const { store, directory } = await openStore(t)
  const tar = await layerTar([{ name: textOfName(Buffer.from([0xff, 0x2f, 0xfe])), content: 'x' }])
  const { chainId } = await unpack(store, tar)
  await mkdir(join(directory, 'layers/tmp/half/diff'), { recursive: true })
  await mkdir(join(directory, 'layers', '0'.repeat(64), 'diff'), { recursive: true })
  const again = await openLayerStore(join(directory, 'layers'))
  assert.deepEqual(await again.list(), [chainId])
  await again.delete(chainId)
  assert.deepEqual(await readdir(join(directory, 'layers')), ['tmp'])
  assert.deepEqual(await readdir(join(directory, 'layers/tmp')), [])
  await assert.rejects(again.directories(chainId), { kind: 'NotFound' })
})

test('a source that fails leaves nothing and its own error', async (t) => {
  const { store, directory } = await openStore(t)
  const tar = await layerTar([{ name: 'f', content: 'x'.repeat(10_000) }])
  const source = Readable.from(
    (async function* () {
      yield tar.subarray(0, 1000)
      throw new Error('connection lost')
    })(),
  )
  await assert.rejects(store.unpack(source, digestOf(tar), null), /connection lost/)
  assert.deepEqual(await readdir(join(directory, 'layers/tmp')), [])
})

/** Archives that try to leave the layer; `OUT` is the canary's directory. */
const hostile: Record<string, Entry[]> = {
  'dot-dot': [{ name: '../canary/file', content: 'evil' }],
  'dot-dot deep inside': [{ name: 'a/../../../../canary/file', content: 'evil' }],
  absolute: [{ name: 'OUT/file', content: 'evil' }],
  'symlink to outside, then through it': [
    { name: 'l', type: 'symlink', linkName: 'OUT' },
    { name: 'l/file', content: 'evil' },
    { name: 'l/new', content: 'evil' },
  ],
  'relative symlink to outside': [
    { name: 'l', type: 'symlink', linkName: '../../../../../../../../OUT' },
    { name: 'l/file', content: 'evil' },
  ],
  'symlink, then a file of that name': [
    { name: 'l', type: 'symlink', linkName: 'OUT/file' },
    { name: 'l', content: 'evil', mode: 0o777 },
  ],
  'symlink, then a directory with a mode': [
    { name: 'l', type: 'symlink', linkName: 'OUT' },
    { name: 'l/', type: 'directory', mode: 0o777, uid: 1 },
  ],
  'hard link out': [
    { name: 'h', type: 'link', linkName: 'OUT/file' },
    { name: 'h', content: 'evil' },
  ],
  'hard link out by dot-dot': [{ name: 'h', type: 'link', linkName: '../../../../canary/file' }],
  'hard link through a symlink': [
    { name: 'l', type: 'symlink', linkName: 'OUT' },
    { name: 'h', type: 'link', linkName: 'l/file' },
  ],
  'hard link to a symlink, then written': [
    { name: 'l', type: 'symlink', linkName: 'OUT/file' },
    { name: 'h', type: 'link', linkName: 'l' },
    { name: 'h', content: 'evil' },
  ],
  'whiteout through a symlink': [
    { name: 'l', type: 'symlink', linkName: 'OUT' },
    { name: 'l/.wh.file' },
    { name: 'l/.wh..wh..opq' },
  ],
  'whiteout of dot-dot': [{ name: '.wh...' }, { name: 'a/.wh...' }],
  'proc self root': [
    { name: 'l', type: 'symlink', linkName: '/proc/self/root' },
    { name: 'l/OUT/file', content: 'evil' },
  ],
  'root replaced by a symlink': [{ name: './', type: 'symlink', linkName: 'OUT' }],
  'chain of symlinks': [
    { name: 'a', type: 'symlink', linkName: 'b' },
    { name: 'b', type: 'symlink', linkName: 'OUT' },
    { name: 'a/file', content: 'evil' },
  ],
  'symlink to itself': [
    { name: 'a', type: 'symlink', linkName: 'a' },
    { name: 'a/file', content: 'evil' },
  ],
  'replaced parent': [
    { name: 'd/', type: 'directory' },
    { name: 'd/x', content: '1' },
    { name: 'd', type: 'symlink', linkName: 'OUT' },
    { name: 'd/file', content: 'evil' },
  ],
}

for (const [what, entries] of Object.entries(hostile)) {
  test(`CVE-2025-47290: ${what} changes nothing outside of the layer`, async (t) => {
    const { store, directory } = await openStore(t)
    const canary = join(directory, 'canary')
    await mkdir(canary, { mode: 0o700 })
    await writeFile(join(canary, 'file'), 'safe', { mode: 0o600 })
    const before = fingerprint(canary)
    const aimed = entries.map((entry) => ({
      ...entry,
      name: entry.name.replace('OUT', canary),
      ...(entry.linkName && { linkName: entry.linkName.replace('OUT', canary) }),
    }))
    await unpack(store, await layerTar(aimed)).catch((error: { kind: string }) => {
      assert.equal(error.kind, 'InvalidParameter')
    })
    assert.deepEqual(fingerprint(canary), before)
    assert.deepEqual((await readdir(directory)).sort(), ['canary', 'layers'])
    assert.deepEqual(await readdir(join(directory, 'layers/tmp')), [])
  })
}

function fingerprint(canary: string): unknown {
  return ['.', ...readdirSync(canary)].map((name) => {
    const { mode, uid, mtimeNs, ctimeNs, nlink } = lstatSync(join(canary, name), { bigint: true })
    return [name, mode, uid, mtimeNs, ctimeNs, nlink]
  })
}

test('an entry that cannot be made is told in the words of the system', async (t) => {
  const { store } = await openStore(t)
  const entries: Entry[] = [
    { name: 'l', type: 'symlink', linkName: '/nowhere' },
    { name: 'l/file', content: 'x' },
  ]
  await assert.rejects(unpack(store, await layerTar(entries)), {
    kind: 'InvalidParameter',
    message: 'mkdirat l: file exists',
  })
})

test('CVE-2024-40635: an owner outside of the range is an error', async (t) => {
  const { store } = await openStore(t)
  for (const uid of [4294967295, 4294967296]) {
    await assert.rejects(unpack(store, await layerTar([{ name: 'f', uid }])), { kind: 'InvalidParameter' })
  }
})

test('a tree deeper than paths can be is refused and removed', async (t) => {
  const { store, directory } = await openStore(t)
  const step = 'd/'.repeat(900)
  const entries: Entry[] = []
  for (let depth = 0; depth < 6; depth++) {
    const through = depth === 0 ? '' : `l${depth}/`
    entries.push({ name: `${through}${step}x`, content: 'x' })
    entries.push({ name: `l${depth + 1}`, type: 'symlink', linkName: `${through}${step}` })
  }
  await assert.rejects(unpack(store, await layerTar(entries)), { kind: 'InvalidParameter' })
  assert.deepEqual(await readdir(join(directory, 'layers/tmp')), [])
})

test('CVE-2021-41091: nobody but the owner can reach a setuid file of a layer', async (t) => {
  const { store, directory } = await openStore(t)
  const { chainId } = await unpack(store, await layerTar([{ name: 'su', content: 'x', mode: 0o4755 }]))
  assert.equal((await stat(join(directory, 'layers'))).mode & 0o777, 0o700)
  assert.ok(existsSync(join((await store.directories(chainId))[0] as string, 'su')))
})

test('a layer that was not yet on disk when the machine went down is not taken for whole', async (t) => {
  const { store, directory } = await openStore(t)
  const { chainId } = await unpack(store, await layerTar([{ name: 'file', content: 'x' }]))
  const path = join(directory, 'layers', chainId.slice('sha256:'.length), 'layer.json')
  const file = JSON.parse(readFileSync(path, 'utf8'))
  const again = () => openLayerStore(join(directory, 'layers'))
  assert.equal(await (await again()).has(chainId), true, 'the same boot')
  await writeFile(path, JSON.stringify({ ...file, boot: undefined }))
  assert.equal(await (await again()).has(chainId), true, 'durable')
  await writeFile(path, JSON.stringify({ ...file, boot: 'an earlier one' }))
  assert.equal(await (await again()).has(chainId), false)
  assert.equal(existsSync(path), false)
})
