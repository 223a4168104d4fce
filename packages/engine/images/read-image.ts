/** From manifests in the content store to image records. */
import { GantryError } from '@gantry/errors'
import {
  type Descriptor,
  type Digest,
  type ImageConfigFile,
  type Index,
  largestConfig,
  largestManifest,
  type Manifest,
  normalizePlatform,
  parseImageConfig,
  parseManifest,
} from '@gantry/oci'
import type { ContentStore } from '@gantry/store'
import type { ImageRecord } from './records.ts'

/** Reads an image's manifest or index. Rejects with NotFound or InvalidParameter. */
export async function readManifest(
  content: ContentStore,
  digest: Digest,
  mediaType?: string,
): Promise<Manifest | Index> {
  return parseManifest(await content.readAll(digest, largestManifest), mediaType)
}

/** Reads the manifest or index that a descriptor is about. Rejects like `readManifest`, also when its size is another. */
export async function readDescribed(
  content: ContentStore,
  { digest, size, mediaType }: Descriptor,
): Promise<Manifest | Index> {
  await expectBlob(content, { digest, size })
  return readManifest(content, digest, mediaType)
}

/** The OCI descriptor of a manifest or index that is here. Rejects with NotFound or InvalidParameter. */
export async function descriptorOf(content: ContentStore, digest: Digest): Promise<Descriptor> {
  const { mediaType } = await readManifest(content, digest)
  return { mediaType, ...(await content.info(digest)) }
}

/** Reads an image's configuration. Rejects with NotFound or InvalidParameter. */
export async function readConfig(content: ContentStore, id: Digest): Promise<ImageConfigFile> {
  return parseImageConfig(await content.readAll(id, largestConfig))
}

/** The record of an image whose manifest, configuration and layers are in the store. Rejects when one is not. */
export async function recordOf(
  content: ContentStore,
  manifest: Digest,
  { config, layers }: Pick<Manifest, 'config' | 'layers'>,
): Promise<ImageRecord> {
  await expectBlob(content, config)
  const file = await readConfig(content, config.digest)
  if (file.diffIds.length !== layers.length) {
    const counts = `expected ${file.diffIds.length}, got ${layers.length}`
    throw new GantryError('InvalidParameter', `invalid manifest, layers length mismatch: ${counts}`)
  }
  for (const layer of layers) await expectBlob(content, layer)
  return newRecord(file, manifest, { config, layers })
}

/** The kernel puts 500 directories together to one root; a container has one of its own below its changes. */
const mostLayers = 499

/** The record of an image with as many layers as its configuration says. Throws InvalidParameter for too many. */
export function newRecord(
  file: ImageConfigFile,
  manifest: Digest,
  { config, layers }: Pick<Manifest, 'config' | 'layers'>,
): ImageRecord {
  if (layers.length > mostLayers) throw new GantryError('InvalidParameter', 'max depth exceeded')
  return {
    id: config.digest,
    manifest,
    layers: file.diffIds.map((diffId, index) => ({
      diffId,
      blob: (layers[index] as { digest: Digest }).digest,
    })),
    ...(file.created && { created: file.created }),
    labels: { ...file.config.Labels },
    ...normalizePlatform(file),
  }
}

/** Rejects with NotFound, or with InvalidParameter when the content has another size than the descriptor says. */
export async function expectBlob(
  content: ContentStore,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): Promise<void> {
  const info = await content.info(digest)
  if (info.size !== size) throw new GantryError('InvalidParameter', otherSize(digest, info.size, size))
}

/** What is said when a descriptor has the wrong size. */
export const otherSize = (digest: Digest, size: number, announced: number): string =>
  `content ${digest} is ${size} bytes where ${announced} were announced`
