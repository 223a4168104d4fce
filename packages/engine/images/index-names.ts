/** Names that stand for one index share what is here of it, whichever way and time its platforms came. */
import { bestMatch, type Digest } from '@gantry/oci'
import type { ImageParts } from './dependencies.ts'
import type { ReferenceRecord } from './records.ts'
import { withVariants } from './variants.ts'

export type IndexRecord = NonNullable<ReferenceRecord['index']>

export interface JoinedIndex {
  /** What its names stand for now. */
  target: Pick<ReferenceRecord, 'image' | 'variants'> & { index: IndexRecord }
  /** The names that it has. */
  names: ReferenceRecord[]
}

/**
 * An index of which these images have come, whose records are there, beside those that were here: its names stand for the
 * image that suits this machine best, else for the first of what has come.
 */
export function joinIndex(
  { catalog, host }: Pick<ImageParts, 'catalog' | 'host'>,
  { digest, blobs }: Pick<IndexRecord, 'digest' | 'blobs'>,
  images: readonly [Digest, ...Digest[]],
): JoinedIndex {
  const names = catalog.references().filter(({ index }) => index?.digest === digest)
  const before = names.flatMap(({ index }) => (index ? [index] : []))
  const index = {
    digest,
    images: [...new Set([...before.flatMap((each) => each.images), ...images])],
    blobs: [...new Set([...before.flatMap((each) => each.blobs), ...blobs])],
  }
  const offers = index.images.map((id) => catalog.get(id)).filter((each) => each !== undefined)
  const image = offers[bestMatch(host, offers)]?.id ?? images[0]
  return { target: { image, index, ...withVariants(names.flatMap(({ variants = [] }) => variants)) }, names }
}
