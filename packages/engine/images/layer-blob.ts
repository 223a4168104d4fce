import { type Descriptor, type Digest, mediaTypes } from '@gantry/oci'
import type { ImageParts } from './dependencies.ts'
import { readManifest } from './read-image.ts'
import type { Hold } from './retention.ts'

/** Docker's names for kinds of layers, in the OCI's. */
const ociTypes: Record<string, string> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerLayerZstd]: mediaTypes.ociLayerZstd,
}

/** A layer as some image here has it, maybe compressed; held by `hold`. Null when none has it. */
export async function blobInImage(
  { content, catalog }: Pick<ImageParts, 'content' | 'catalog'>,
  hold: Hold,
  diffId: Digest,
): Promise<Descriptor | null> {
  for (const image of catalog.images()) {
    const index = image.layers.findIndex((layer) => layer.diffId === diffId)
    if (index < 0 || !(await content.has(image.manifest))) continue
    const manifest = await readManifest(content, image.manifest)
    const layer = manifest.kind === 'manifest' ? manifest.layers[index] : undefined
    if (!layer || !(await content.has(layer.digest))) continue
    await hold.use([layer.digest])
    const { size, digest, mediaType } = layer
    return { mediaType: ociTypes[mediaType] ?? mediaType, digest, size }
  }
  return null
}
