import { GantryError } from '@gantry/errors'
import type { Reference } from '@gantry/oci'
import type { ImageRecord, ReferenceRecord } from '../records.ts'
import type { ReferrersRecord } from '../referrers/kept-referrers.ts'

/** One thing an archive holds: an image, or an index with the images of it that are there. */
export interface Loadable {
  names: Reference[]
  /** The image that the names stand for on this machine, first; then those for other platforms. */
  images: [ImageRecord, ...ImageRecord[]]
  index?: NonNullable<ReferenceRecord['index']>
  /** The manifests came with the archive, and are to be kept as they are. */
  ownManifests: boolean
}

/** What an archive holds. */
export interface Loaded {
  loadables: Loadable[]
  /** What says something about the images, or about what does. */
  referrers: ReferrersRecord[]
}

/** More than any archive has; each is held in memory as long as it is there. */
const mostNames = 10_000
/** What all names together refer to: each keeps what its index has. */
const mostEntries = 200_000

/** Throws InvalidParameter for an archive whose names would fill memory. */
export function checkNames(loadables: readonly Pick<Loadable, 'names' | 'images' | 'index'>[]): void {
  const problem = (what: string) => new GantryError('InvalidParameter', `invalid archive: more than ${what}`)
  const count = loadables.reduce((sum, { names }) => sum + names.length, 0)
  if (count > mostNames) throw problem(`${mostNames} names`)
  const sizes = loadables.map(
    ({ names, images, index }) => names.length * (images.length + (index?.blobs.length ?? 0)),
  )
  if (sizes.reduce((sum, size) => sum + size, 0) > mostEntries)
    throw problem(`${mostEntries} images and attestations under all of its names`)
}
