import type { Reference } from '@gantry/oci'
import type { ImageRecord, ReferenceRecord } from '../records.ts'

/** One thing an archive holds: an image, or an index with the images of it that are there. */
export interface Loadable {
  names: Reference[]
  /** The image that the names stand for on this machine, first; then those for other platforms. */
  images: [ImageRecord, ...ImageRecord[]]
  index?: NonNullable<ReferenceRecord['index']>
}
