import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createRegistries, defaultRegistryConfig, digestOf, entryHeader, hexOf, tarOf } from '@gantry/oci'
import { Transfers } from '../transfer/transfers.ts'
import { ArrivingFiles } from './arriving-files.ts'
import { spoolArchive } from './spool.ts'
import { loadStores } from './testing.ts'

async function bench(t: TestContext) {
  const { directory, database, content, layers, hold } = await loadStores(t)
  const transfers = new Transfers(createRegistries(defaultRegistryConfig), database)
  const heard: string[] = []
  const begin = () =>
    new ArrivingFiles({ content, layers, transfers }, hold, (name, current, total) =>
      heard.push(`${name} ${current}/${total}`),
    )
  const drafts = async () => [
    ...(await readdir(join(directory, 'layers/tmp'))),
    ...(await readdir(join(directory, 'content/uploads'))),
  ]
  return { content, layers, transfers, heard, begin, drafts }
}

const file = (name: string, bytes: Buffer) => ({
  header: entryHeader({ name, type: 'file', size: bytes.length }),
  content: [bytes],
})

const archiveOf = async (files: Record<string, Buffer>) =>
  Readable.from([await tarOf(Object.entries(files).map(([name, bytes]) => file(name, bytes)))])

const layerWith = (text: string) => tarOf([file('note', Buffer.from(text))])

test('layers are unpacked as the archive comes; what is none is only kept', async (t) => {
  const b = await bench(t)
  const [plain, other] = [await layerWith('plain'), await layerWith('other')]
  const files = {
    'a/layer.tar': plain,
    'b/layer.tar': gzipSync(other),
    'c.zst': zstdCompressSync(other),
    'chart.tgz': gzipSync('no archive at all'),
    'config.json': Buffer.from('{}'),
  }
  await using arriving = b.begin()
  const spooled = await spoolArchive(await archiveOf(files), arriving)
  for (const [name, bytes] of Object.entries(files)) {
    const { digest } = spooled.get(name)
    assert.equal(digest, digestOf(bytes), name)
    assert.deepEqual(await b.content.readAll(digest), bytes, name)
  }
  const staged = ['a/layer.tar', 'b/layer.tar', 'c.zst'].map((name) =>
    arriving.take(spooled.get(name).digest),
  )
  assert.deepEqual(
    staged.map((layer) => [layer?.diffId, layer?.compression]),
    [
      [digestOf(plain), 'none'],
      [digestOf(other), 'gzip'],
      [digestOf(other), 'zstd'],
    ],
  )
  assert.equal(arriving.take(digestOf(plain)), undefined, 'each goes to one taker')
  assert.equal(arriving.take(digestOf(files['chart.tgz'])), undefined)
  const placed = await staged[0]?.place(null)
  const [directory] = await b.layers.directories(placed?.chainId ?? digestOf(plain))
  assert.equal(await readFile(join(directory as string, 'note'), 'utf8'), 'plain')
  assert.ok(b.heard.includes(`a/layer.tar ${plain.length}/${plain.length}`))
  for (const layer of staged) await layer?.[Symbol.asyncDispose]()
})

test('content that is here already is not taken in again', async (t) => {
  const b = await bench(t)
  const layer = await layerWith('here')
  const { digest } = await b.content.put(layer)
  await using arriving = b.begin()
  await spoolArchive(await archiveOf({ [`blobs/sha256/${hexOf(digest)}`]: layer }), arriving)
  assert.equal(arriving.take(digest), undefined)
  assert.deepEqual(b.heard, [])
})

test('archives whose clients wait leave threads for others', async (t) => {
  const b = await bench(t)
  const taken = [b.transfers.arrivals.tryEnter(), b.transfers.arrivals.tryEnter()]
  assert.equal(b.transfers.arrivals.tryEnter(), null)
  const layer = await layerWith('x')
  {
    await using arriving = b.begin()
    const spooled = await spoolArchive(await archiveOf({ layer }), arriving)
    assert.deepEqual(await b.content.readAll(spooled.get('layer').digest), layer)
    assert.equal(arriving.take(digestOf(layer)), undefined)
  }
  for (const place of taken) place?.[Symbol.dispose]()
  await using arriving = b.begin()
  await spoolArchive(await archiveOf({ layer }), arriving)
  assert.ok(b.heard.length > 0)
})

test('a layer that is not what it is called, or ends early, leaves nothing unpacked', async (t) => {
  const b = await bench(t)
  const layer = gzipSync(await layerWith('x'))
  const [archive] = (await (await archiveOf({ first: layer, second: layer })).toArray()) as [Buffer]
  const wrong = `blobs/sha256/${'0'.repeat(64)}`
  for (const [source, message] of [
    [await archiveOf({ first: layer, [wrong]: layer }), /where sha256:0* was announced/],
    [Readable.from([archive.subarray(0, 512 + 512 + 512 + layer.length / 2)]), /unexpected EOF/],
  ] as const) {
    {
      await using arriving = b.begin()
      await assert.rejects(spoolArchive(source, arriving), { kind: 'InvalidParameter', message })
    }
    assert.deepEqual(await b.drafts(), [])
  }
})
