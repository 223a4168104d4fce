import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf, entryHeader, hexOf, tarOf } from '@gantry/oci'
import { mount, unmount } from '@gantry/syscall'
import { openContentStore } from '../content/content-store.ts'
import type { ContentStore, LayerStore } from '../contracts.ts'
import { openLayerStore } from '../layers/layer-store.ts'
import { IntakePool } from './pool.ts'
import { receiveLayer } from './receive-layer.ts'

async function open(t: TestContext, quota?: string) {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-intake-'))
  if (quota) mount({ source: 'tmpfs', target: directory, type: 'tmpfs', data: `size=${quota}` })
  t.after(async () => {
    if (quota) unmount(directory)
    await rm(directory, { recursive: true, force: true })
  })
  return { directory, ...(await openIn(directory)) }
}

async function openIn(directory: string): Promise<{ content: ContentStore; layers: LayerStore }> {
  const threads = new IntakePool(2)
  const content = await openContentStore(join(directory, 'content'), threads)
  return { content, layers: await openLayerStore(join(directory, 'layers'), threads) }
}

/** Bytes that do not compress, the same each time. */
function noise(size: number): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < size; at += 32) parts.push(Buffer.from(hexOf(digestOf(String(at))), 'hex'))
  return Buffer.concat(parts).subarray(0, size)
}

async function layerOf(size: number, compress: (bytes: Buffer) => Buffer = gzipSync) {
  const content = noise(size)
  const tar = await tarOf([{ header: entryHeader({ name: 'file', type: 'file', size }), content: [content] }])
  const bytes = compress(tar)
  return { bytes, blob: { digest: digestOf(bytes), size: bytes.length }, diffId: digestOf(tar), content }
}

/** Gives `bytes` from the offset on, up to `end`; then fails if that is not all. Records where it was asked to begin. */
function source(bytes: Buffer, end = bytes.length) {
  const offsets: number[] = []
  async function* rest(offset: number): AsyncGenerator<Buffer> {
    offsets.push(offset)
    for (let at = offset; at < end; at += 10_000) yield bytes.subarray(at, Math.min(at + 10_000, end))
    if (end < bytes.length) throw new Error('connection lost')
  }
  return { rest, offsets }
}

const partials = (directory: string) => readdir(join(directory, 'content/partial'))
const drafts = (directory: string) => readdir(join(directory, 'layers/tmp'))

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['plain', (bytes: Buffer) => bytes],
] as const) {
  test(`a ${name} layer becomes a blob and a tree in one pass`, async (t) => {
    const { content, layers } = await open(t)
    const layer = await layerOf(700_000, compress)
    const { rest, offsets } = source(layer.bytes)
    const seen: number[] = []
    const onProgress = (read: number) => seen.push(read)
    await using staged = await receiveLayer({ content, layers }, { ...layer, rest, onProgress })
    const { chainId, size } = await staged.place(null)
    assert.equal(size, 700_000)
    assert.deepEqual(
      await readFile(join((await layers.directories(chainId))[0] as string, 'file')),
      layer.content,
    )
    assert.deepEqual(await content.readAll(layer.blob.digest), layer.bytes)
    assert.deepEqual(offsets, [0])
    assert.equal(seen.at(-1), layer.bytes.length)
  })
}

test('a broken download is gone on with, also by the next daemon', async (t) => {
  const { directory, content, layers } = await open(t)
  const layer = await layerOf(500_000)
  const broken = source(layer.bytes, 200_000)
  await assert.rejects(receiveLayer({ content, layers }, { ...layer, rest: broken.rest }), /connection lost/)
  assert.deepEqual(await partials(directory), [hexOf(layer.blob.digest)])
  assert.deepEqual(await drafts(directory), [])
  assert.equal(await content.has(layer.blob.digest), false)

  const next = await openIn(directory)
  const { rest, offsets } = source(layer.bytes)
  await using staged = await receiveLayer(next, { ...layer, rest })
  assert.equal(staged.diffId, layer.diffId)
  assert.deepEqual(offsets, [200_000])
  assert.deepEqual(await partials(directory), [])
})

test('a cancelled download stops at once, keeps what it has and leaves no tree', async (t) => {
  const { directory, content, layers } = await open(t)
  const layer = await layerOf(500_000)
  const abort = new AbortController()
  let closed = false
  async function* rest(): AsyncGenerator<Buffer> {
    try {
      yield layer.bytes.subarray(0, 100_000)
      abort.abort(new Error('changed my mind'))
      await new Promise((resolve) => setImmediate(resolve))
      for (;;) yield layer.bytes.subarray(0, 1000)
    } finally {
      closed = true
    }
  }
  const work = receiveLayer({ content, layers }, { ...layer, rest, signal: abort.signal })
  await assert.rejects(work, /changed my mind/)
  assert.equal(closed, true)
  assert.deepEqual(await partials(directory), [hexOf(layer.blob.digest)])
  assert.deepEqual(await drafts(directory), [])
})

test('wrong bytes, too many, too few and a wrong diff id are refused, and nothing of them is kept', async (t) => {
  const { directory, content, layers } = await open(t)
  const layer = await layerOf(50_000)
  const flipped = Buffer.from(layer.bytes)
  flipped[flipped.length - 30] = (flipped[flipped.length - 30] as number) ^ 1
  const cases = [
    { bytes: flipped },
    { bytes: Buffer.concat([layer.bytes, Buffer.from('more')]) },
    { bytes: layer.bytes.subarray(0, -10) },
    { bytes: layer.bytes, diffId: digestOf('other') },
  ]
  for (const { bytes, diffId = layer.diffId } of cases) {
    const work = receiveLayer({ content, layers }, { ...layer, diffId, rest: source(bytes).rest })
    await assert.rejects(work, { kind: 'InvalidParameter' })
    assert.deepEqual(await partials(directory), [])
    assert.deepEqual(await drafts(directory), [])
    assert.deepEqual(await content.list(), [])
  }
})

test('the wrong beginning of an earlier try does not stand in the way for ever', async (t) => {
  const { directory, content, layers } = await open(t)
  const layer = await layerOf(50_000)
  await writeFile(join(directory, 'content/partial', hexOf(layer.blob.digest)), 'something else')
  const again = () => receiveLayer({ content, layers }, { ...layer, rest: source(layer.bytes).rest })
  await assert.rejects(again(), { kind: 'InvalidParameter' })
  await using staged = await again()
  assert.equal(staged.diffId, layer.diffId)
})

test('a full disk is a clear error that gives its space back, and the next try works', async (t) => {
  const { directory, content, layers } = await open(t, '8m')
  const large = await layerOf(7_000_000)
  const work = receiveLayer({ content, layers }, { ...large, rest: source(large.bytes).rest })
  await assert.rejects(work, { kind: 'System', message: /no space left on device/ })
  assert.deepEqual(await partials(directory), [])
  assert.deepEqual(await drafts(directory), [])
  const small = await layerOf(1_000_000)
  await using staged = await receiveLayer({ content, layers }, { ...small, rest: source(small.bytes).rest })
  assert.equal(staged.diffId, small.diffId)
})

test('a thread that is about to end gets no more work', async (t) => {
  const { directory } = await open(t)
  const path = join(directory, 'blob')
  const bytes = noise(1000)
  await writeFile(path, bytes)
  const threads = new IntakePool(1, 1)
  for (let times = 0; times < 5; times++) {
    const { digest } = await threads.intake({ path, more: false, expected: {} })
    assert.equal(digest, digestOf(bytes))
    await setTimeout(3)
  }
})

test('a stored blob is unpacked without a download, and a damaged one is downloaded again', async (t) => {
  const { directory, content, layers } = await open(t)
  const layer = await layerOf(50_000)
  await content.put(layer.bytes)
  const unused = source(layer.bytes)
  await using first = await receiveLayer({ content, layers }, { ...layer, rest: unused.rest })
  assert.deepEqual(unused.offsets, [])
  assert.equal(first.size, 50_000)
  await writeFile(join(directory, 'content/blobs/sha256', hexOf(layer.blob.digest)), 'damaged')
  await using second = await receiveLayer({ content, layers }, { ...layer, rest: unused.rest })
  assert.deepEqual(unused.offsets, [0])
  assert.equal(second.size, 50_000)
})

test('a blob without a tree is downloaded as carefully', async (t) => {
  const { directory, content } = await open(t)
  const bytes = noise(100_000)
  const expected = { digest: digestOf(bytes), size: bytes.length }
  await assert.rejects(content.receive(expected, { rest: source(bytes, 40_000).rest }), /connection lost/)
  const { rest, offsets } = source(bytes)
  await content.receive(expected, { rest })
  assert.deepEqual(offsets, [40_000])
  assert.deepEqual(await content.readAll(expected.digest), bytes)
  assert.deepEqual(await partials(directory), [])
})

test('the beginning of a blob that nobody went on with for a day is removed', async (t) => {
  const { directory } = await open(t)
  for (const [name, age] of [
    ['old', 25 * 3600],
    ['young', 3600],
  ] as const) {
    const path = join(directory, 'content/partial', name)
    await writeFile(path, 'x')
    await utimes(path, Date.now() / 1000 - age, Date.now() / 1000 - age)
  }
  await openIn(directory)
  assert.deepEqual(await partials(directory), ['young'])
})

test('after the machine went down, what may not have reached the disk is verified', async (t) => {
  const { directory, content } = await open(t)
  const [whole, torn] = [await content.put(Buffer.from('whole')), await content.put(Buffer.from('torn'))]
  await mkdir(join(directory, 'content/unsynced'), { recursive: true })
  for (const { digest } of [whole, torn]) {
    await writeFile(join(directory, 'content/unsynced', hexOf(digest)), 'another boot')
  }
  await writeFile(join(directory, 'content/blobs/sha256', hexOf(torn.digest)), '')
  const { content: next } = await openIn(directory)
  assert.deepEqual(await next.list(), [whole.digest])
})

test('layers staged at the same time find their places in any order', async (t) => {
  const { directory, layers } = await open(t)
  const tars = await Promise.all(
    ['a', 'b', 'c'].map((name) => tarOf([{ header: entryHeader({ name: `${name}/`, type: 'directory' }) }])),
  )
  const staged = await Promise.all(tars.map((tar) => layers.stage({ rest: () => stream(tar) })))
  let parent = null
  for (const each of staged) parent = (await each.place(parent)).chainId
  assert.equal((await layers.directories(parent as never)).length, 3)
  await assert.rejects((staged[0] as (typeof staged)[number]).place(null), { kind: 'Conflict' })
  assert.deepEqual(await drafts(directory), [])
  const lost = await layers.stage({ rest: () => stream(tars[0] as Buffer) })
  await assert.rejects(lost.place(digestOf('nobody')), { kind: 'NotFound' })
  assert.equal(existsSync(join(directory, 'layers/tmp')), true)
  assert.deepEqual(await drafts(directory), [])
})

async function* stream(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
