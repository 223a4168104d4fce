/**
 * One configuration, and so one image id, may have several manifests: with layers compressed by another program, or for
 * platforms that differ in name only. The image's record has one of them; a name that stands for another has that one with it.
 */
import type { ImageRecord, ReferenceRecord, Variant } from './records.ts'

/** The image as it is under a name. */
export function asNamed(image: ImageRecord, reference: ReferenceRecord | undefined): ImageRecord {
  const variant = reference?.variants?.find((each) => each.image === image.id)
  if (!variant) return image
  const layers = image.layers.map((layer, at) => ({ ...layer, blob: variant.layers[at] ?? layer.blob }))
  return { ...image, manifest: variant.manifest, layers }
}

/** How the image is packed now. */
export const variantOf = ({ id, manifest, layers }: ImageRecord): Variant => ({
  image: id,
  manifest,
  layers: layers.map(({ blob }) => blob),
})

/** All of them, each once; nothing when there are none. */
export function withVariants(variants: readonly Variant[]): Pick<ReferenceRecord, 'variants'> {
  const unique = [...new Map(variants.map((each) => [each.manifest, each])).values()]
  return unique.length > 0 ? { variants: unique } : {}
}

/** What a name needs for an image that is packed like this, where the image's record may be packed otherwise. */
export function variantsBeside(known: ImageRecord | undefined, named: ImageRecord): Variant[] {
  return known && known.manifest !== named.manifest ? [variantOf(named)] : []
}
