import { parseSize } from '@gantry/dockerfile/size'
import { GantryError, messageOf } from '@gantry/errors'

/** `64M`, `1.5 GiB` in bytes, by powers of `base`. Throws InvalidParameter in Docker's words. */
export function byteSize(text: string, base: 1000 | 1024 = 1024): number {
  try {
    return parseSize(text, base)
  } catch (error) {
    throw new GantryError('InvalidParameter', messageOf(error), { cause: error })
  }
}
