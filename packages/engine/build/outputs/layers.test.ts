import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Digest, digestOf, mediaTypes } from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
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
    commit: async (writer: { bytes(): Buffer }) => {
      const bytes = writer.bytes()
      const digest = digestOf(bytes)
      blobs.set(digest, bytes)
      return { digest, size: bytes.length }
    },
  }
  const parts = { content, catalog: { images: () => [] }, layers: {} } as unknown as ImageParts
  const archive = { layer: () => assert.fail() }
  const made = new LayerBlobs(parts, archive, hold as unknown as Hold)
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
})
