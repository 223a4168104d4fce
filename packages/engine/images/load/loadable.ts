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
