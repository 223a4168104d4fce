/** From what a build made to an image with its names. */
import type { BuildResult, SnapshotLayer } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { type Descriptor, type Digest, mediaTypes, type Reference } from '@gantry/oci'
import { announce, type ImageParts } from '../images/dependencies.ts'
import { readManifest } from '../images/read-image.ts'
import { storeImage } from '../images/store-image.ts'
import { nameImage } from '../images/tag.ts'

/** Resolves to the image's id. Announces `create`, and `tag` for each name. */
export async function publish(
  parts: ImageParts,
  { config, snapshot }: BuildResult,
  names: readonly Reference[],
): Promise<Digest> {
  await using hold = parts.retention.begin()
  const layers: Descriptor[] = []
  for (const layer of snapshot.layers) layers.push(await descriptorOf(parts, layer))
  const id = await storeImage(parts, hold, config, layers)
  announce(parts, 'create', id)
  for (const name of names) nameImage(parts, name, { image: id })
  return id
}

/** A layer of this machine is kept uncompressed; one of an image as that has it. */
async function descriptorOf(
  { content, catalog }: ImageParts,
  { diffId }: SnapshotLayer,
): Promise<Descriptor> {
  if (await content.has(diffId)) return { mediaType: mediaTypes.ociLayer, ...(await content.info(diffId)) }
  for (const image of catalog.images()) {
    const index = image.layers.findIndex((layer) => layer.diffId === diffId)
    if (index < 0) continue
    const manifest = await readManifest(content, image.manifest)
    const layer = manifest.kind === 'manifest' ? manifest.layers[index] : undefined
    if (layer) return layer
  }
  throw new GantryError('NotFound', `layer ${diffId} is gone: build again`)
}
