import {
  type Descriptor,
  type Digest,
  type ImageConfigFile,
  mediaTypes,
  serializeImageConfig,
  serializeManifest,
} from '@gantry/oci'
import type { ImageParts } from './dependencies.ts'
import { recordOf } from './read-image.ts'
import type { Hold } from './retention.ts'
import { unpackImage } from './unpack-image.ts'

/** Makes an image of layers that are in the store; resolves to its id. `parent` is what it was made from, if anything. */
export async function storeImage(
  parts: ImageParts,
  hold: Hold,
  file: ImageConfigFile,
  layers: Descriptor[],
  parent?: Digest,
): Promise<Digest> {
  const config = { mediaType: mediaTypes.ociConfig, ...(await hold.put(serializeImageConfig(file))) }
  const body = { mediaType: mediaTypes.ociManifest, config, layers }
  const { digest } = await hold.put(serializeManifest({ kind: 'manifest', ...body }))
  const image = await recordOf(parts.content, digest, body)
  await unpackImage(parts, image)
  parts.catalog.put({ ...image, ...(parent && { parent }) })
  return image.id
}
