/** How large a build context may be: what comes is the client's, or a stranger's. */
import { GantryError } from '@gantry/errors'

/** What is said of a context above the limit (bytes). */
export const tooLarge = (limit: number): GantryError =>
  new GantryError(
    'InvalidParameter',
    `the build context is larger than ${limit} bytes: the daemon's max-build-context allows no more`,
  )
