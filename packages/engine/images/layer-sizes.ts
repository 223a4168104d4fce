import type { Digest } from '@gantry/oci'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import type { ImageRecord } from './records.ts'

/** Chain ids of layers that more than one image has. */
export function sharedLayers(images: readonly ImageRecord[]): Set<Digest> {
  const seen = new Set<Digest>()
  const shared = new Set<Digest>()
  for (const chainId of images.flatMap(chainOf)) (seen.has(chainId) ? shared : seen).add(chainId)
  return shared
}

/** Bytes of file content in the layers that are unpacked, or in some of them. */
export function sizeOf(
  layers: ImageParts['layers'],
  image: ImageRecord,
  counts: (chainId: Digest) => boolean = () => true,
): Promise<number> {
  return bytesOf(layers, chainOf(image).filter(counts))
}

/** Bytes of file content in those of the layers that are unpacked. */
export async function bytesOf(layers: ImageParts['layers'], chainIds: Iterable<Digest>): Promise<number> {
  let size = 0
  for (const chainId of chainIds) if (await layers.has(chainId)) size += await layers.size(chainId)
  return size
}
