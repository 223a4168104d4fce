import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { type Digest, digestOf, mediaTypes, serializeManifest } from '@gantry/oci'
import { sessionLayout } from './session-layout.ts'

const blobs = new Map<Digest, Buffer>()
const kept = (bytes: Buffer): { digest: Digest; size: number } => {
  const digest = digestOf(bytes)
  blobs.set(digest, bytes)
  return { digest, size: bytes.length }
}
const never = new AbortController().signal
const session = {
  async *readBlob({ store, digest }: { store: string; digest: string }) {
    assert.equal(store, 's')
    for (const byte of blobs.get(digest as Digest) ?? []) yield Buffer.of(byte)
  },
}

const image = (architecture: string) => {
  const config = {
    mediaType: mediaTypes.ociConfig,
    ...kept(Buffer.from(`{"architecture":"${architecture}"}`)),
  }
  const layers = [{ mediaType: mediaTypes.ociLayer, ...kept(Buffer.from(`layer of ${architecture}`)) }]
  const mediaType = mediaTypes.ociManifest
  const manifest = kept(serializeManifest({ kind: 'manifest', mediaType, config, layers }))
  return { mediaType, ...manifest, platform: { os: 'linux', architecture } }
}

test('of an index in a session, the images for the platforms are brought', async () => {
  const [amd, arm] = [image('amd64'), image('arm64')]
  const mediaType = mediaTypes.ociIndex
  const { digest } = kept(serializeManifest({ kind: 'index', mediaType, manifests: [amd, arm] }))
  const brought = async (...architectures: string[]): Promise<string> => {
    const platforms = architectures.map((architecture) => ({ os: 'linux', architecture }))
    return String(await buffer(sessionLayout(session, { store: 's', digest }, platforms, never)))
  }
  const one = await brought('arm64')
  assert.ok(one.includes('layer of arm64') && !one.includes('layer of amd64'))
  const both = await brought('arm64', 'amd64')
  assert.ok(both.includes('layer of arm64') && both.includes('layer of amd64'))
  assert.ok(both.includes(`"digest":"${digest}"`))
})

test('a layout whose blobs are not of the size that was announced is refused', async () => {
  const { digest, ...rest } = image('amd64')
  const liar = {
    async *readBlob(blob: { store: string; digest: string }) {
      yield* session.readBlob(blob)
      if (blob.digest !== digest) yield Buffer.from('more')
    },
  }
  assert.ok(rest.size > 0)
  await assert.rejects(buffer(sessionLayout(liar, { store: 's', digest }, [], never)), {
    kind: 'InvalidParameter',
  })
})
