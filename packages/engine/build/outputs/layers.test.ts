import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Digest, digestOf, mediaTypes } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
import { memoryTable } from '../../services/testing.ts'
import { type CompressedLayer, CompressedLayers } from '../cache/compressed-layers.ts'
import { LayerBlobs } from './layers.ts'

test('a layer that many results have is compressed once', { timeout: 30_000 }, async () => {
  const blobs = new Map<Digest, Buffer>()
  const layers = ['one', 'two', 'three'].map((text) => {
    const bytes = Buffer.from(text.repeat(1000))
    const diffId = digestOf(bytes)
    blobs.set(diffId, bytes)
    return { diffId, chainId: diffId, size: bytes.length }
  })
  const reads: Digest[] = []
  const content = {
    has: async (digest: Digest) => blobs.has(digest),
    info: async (digest: Digest) => ({ digest, size: blobs.get(digest)?.length ?? 0 }),
    read: async (digest: Digest) => {
      reads.push(digest)
      return Readable.from([blobs.get(digest) ?? Buffer.alloc(0)])
    },
    writer: async () => {
      const pieces: Buffer[] = []
      return {
        write: async (data: Buffer) => void pieces.push(data),
        bytes: () => Buffer.concat(pieces),
        [Symbol.asyncDispose]: async () => undefined,
      }
    },
  }
  const hold = {
    use: async () => undefined,
    commit: async (writer: { bytes(): Buffer }) => {
      const bytes = writer.bytes()
      const digest = digestOf(bytes)
      blobs.set(digest, bytes)
      return { digest, size: bytes.length }
    },
  }
  const images = { content, catalog: { images: () => [] }, layers: {} } as unknown as ImageParts
  const archive = { layer: () => assert.fail() }
  const compressed = new CompressedLayers(memoryTable<CompressedLayer>(), () => new Date(0))
  const made = new LayerBlobs({ images, archive, compressed }, hold as unknown as Hold)
  const compression = { type: 'gzip', force: false } as const
  const results = await Promise.all(
    [1, 2, 3].map((count) => made.of({ layers: layers.slice(0, count) }, 0, compression, null)),
  )
  assert.deepEqual(reads.toSorted(), layers.map(({ diffId }) => diffId).toSorted())
  for (const [index, { diffId, descriptor }] of (results[2] ?? []).entries()) {
    assert.equal(descriptor.mediaType, mediaTypes.ociLayerGzip)
    assert.equal(diffId, layers[index]?.diffId)
    assert.equal(digestOf(gunzipSync(blobs.get(descriptor.digest) ?? '')), diffId)
  }
  // Another form of the same is another blob.
  const [plain] = await made.of({ layers: layers.slice(0, 1) }, 0, null, null)
  assert.equal(plain?.descriptor.digest, layers[0]?.diffId)
  // The next build finds what this one has compressed, until its layer goes.
  const next = (): LayerBlobs => new LayerBlobs({ images, archive, compressed }, hold as unknown as Hold)
  reads.length = 0
  assert.deepEqual(await next().of({ layers }, 0, compression, null), results[2])
  assert.deepEqual(reads, [])
  assert.deepEqual(
    compressed.blobs(),
    results[2]?.map(({ descriptor }) => descriptor.digest),
  )
  const [first, second] = compressed.usage(new Set([compressed.blobs()[0] as Digest]))
  assert.deepEqual([first?.shared, first?.size, second?.shared], [true, 0, false])
  compressed.retain(new Set([layers[1]?.diffId as Digest]))
  assert.equal(compressed.blobs().length, 1)
  await next().of({ layers }, 0, { ...compression, level: 1 }, null)
  assert.deepEqual(reads.toSorted(), layers.map(({ diffId }) => diffId).toSorted())
  assert.ok(compressed.remove(second?.id ?? ''))
  assert.equal(compressed.remove(second?.id ?? ''), false)
})
