import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  createRegistries,
  type Descriptor,
  defaultRegistryConfig,
  digestOf,
  entryHeader,
  hexOf,
  mediaTypes,
  serializeManifest,
  tarOf,
} from '@gantry/oci'
import { openContentStore, openDatabase, openLayerStore } from '@gantry/store'
import { createImages, type ImageService } from './index.ts'

async function bench(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-variants-'))
  const database = openDatabase(join(directory, 'test.db'))
  t.after(async () => {
    database.close()
    await rm(directory, { recursive: true, force: true })
  })
  const images = await createImages({
    registries: createRegistries(defaultRegistryConfig),
    content: await openContentStore(join(directory, 'content')),
    layers: await openLayerStore(join(directory, 'layers')),
    database,
    events: { publish: () => {} },
    usersOfImage: () => [],
  })
  return { images, stored: async () => (await readdir(join(directory, 'content/blobs/sha256'))).length }
}

const file = (name: string, content: Buffer) => ({
  header: entryHeader({ name, type: 'file', size: content.length }),
  content: [content],
})

const rootfs = await tarOf([file('zeros', Buffer.alloc(10_000))])
const config = Buffer.from(
  JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: [digestOf(rootfs)] },
  }),
)

const descriptor = (mediaType: string, bytes: Buffer): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
})

/** One way to pack the image. */
function packed(layer: Buffer, mediaType: string) {
  const body = {
    config: descriptor(mediaTypes.ociConfig, config),
    layers: [descriptor(mediaType, layer)],
  }
  const manifest = serializeManifest({ kind: 'manifest', mediaType: mediaTypes.ociManifest, ...body })
  return { manifest, blobs: [config, layer, manifest] }
}

const gzipped = packed(gzipSync(rootfs), mediaTypes.ociLayerGzip)
const zstd = packed(zstdCompressSync(rootfs), mediaTypes.ociLayerZstd)

/** A layout of what has the names. */
function layout(blobs: Buffer[], named: Record<string, Descriptor>): Promise<Buffer> {
  const manifests = Object.entries(named).map(([name, each]) => ({
    ...each,
    annotations: { 'io.containerd.image.name': `docker.io/library/${name}` },
  }))
  const index = serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests })
  const unique = new Map(blobs.map((blob) => [digestOf(blob), blob]))
  return tarOf([
    file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file('index.json', index),
    ...[...unique].map(([digest, blob]) => file(`blobs/sha256/${hexOf(digest)}`, blob)),
  ])
}

const plain = (name: string, { manifest, blobs }: typeof gzipped) =>
  layout(blobs, { [name]: descriptor(mediaTypes.ociManifest, manifest) })

/** Two platforms that only the index tells apart. */
const twoPlatforms = (name: string) => {
  const member = (variant: string, { manifest }: typeof gzipped) => ({
    ...descriptor(mediaTypes.ociManifest, manifest),
    platform: { os: 'linux', architecture: 'amd64', variant },
  })
  const manifests = [member('v1', gzipped), member('v2', zstd)]
  const index = serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests })
  const blobs = [index, ...gzipped.blobs, ...zstd.blobs]
  return layout(blobs, { [name]: descriptor(mediaTypes.ociIndex, index) })
}

async function load(images: ImageService, archive: Buffer): Promise<void> {
  for await (const _ of images.load(Readable.from([archive]), {}));
}

const save = async (images: ImageService, ...names: string[]): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(await images.save(names)))

const targets = async (images: ImageService) =>
  (await images.list({ manifests: true }))
    .map(({ RepoTags, Descriptor: target, Manifests: manifests = [], Size: size }) => ({
      name: RepoTags?.join(' '),
      target: target?.digest,
      size,
      content: manifests.map((each) => [each.Available, each.Size?.Content]),
    }))
    .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))

const sizeOf = (blobs: Buffer[]): number => blobs.reduce((sum, { length }) => sum + length, 0)

test('a configuration that was packed twice is one image under two names, each with its own manifest', async (t) => {
  const { images, stored } = await bench(t)
  await load(images, await plain('gzip:1', gzipped))
  await load(images, await plain('zstd:1', zstd))
  assert.deepEqual(
    await targets(images),
    [
      { name: 'gzip:1', from: gzipped },
      { name: 'zstd:1', from: zstd },
    ].map(({ name, from: { manifest, blobs } }) => ({
      name,
      target: digestOf(manifest),
      size: sizeOf(blobs) + 10_000,
      content: [[true, sizeOf(blobs)]],
    })),
  )
  assert.deepEqual(
    (await images.list({})).map(({ RepoTags }) => RepoTags),
    [['gzip:1', 'zstd:1']],
  )
  const saved = await save(images, 'zstd:1')
  await images.tag('zstd:1', { repo: 'again', tag: '1' })
  assert.equal((await images.inspect('again:1')).Descriptor?.digest, digestOf(zstd.manifest))
  await images.remove('zstd:1', {})
  assert.equal((await images.inspect('again:1')).Descriptor?.digest, digestOf(zstd.manifest))
  await images.remove('again:1', {})
  assert.equal(await stored(), 3)
  await load(images, saved)
  assert.equal((await targets(images))[1]?.target, digestOf(zstd.manifest))
  await images.remove('gzip:1', {})
  assert.deepEqual(await save(images, 'zstd:1'), saved)
  await images.remove('zstd:1', {})
  assert.equal(await stored(), 0)
})

test('platforms of an index that have one configuration are each shown, and kept', async (t) => {
  const { images, stored } = await bench(t)
  await load(images, await plain('gzip:1', gzipped))
  await load(images, await twoPlatforms('both:1'))
  const contents = [sizeOf(gzipped.blobs), sizeOf(zstd.blobs)]
  const shown = (await targets(images)).find(({ name }) => name === 'both:1')
  assert.deepEqual(
    shown?.content,
    contents.map((content) => [true, content]),
  )
  const saved = await save(images, 'both:1')
  await images.remove('gzip:1', {})
  assert.deepEqual(await save(images, 'both:1'), saved)
  await images.remove('both:1', {})
  assert.equal(await stored(), 0)
})
