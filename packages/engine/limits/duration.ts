import { parseDuration } from '@gantry/dockerfile/duration'
import { GantryError, messageOf } from '@gantry/errors'

/** `1.5s`, `2m30s`, `-1h` in milliseconds. Throws InvalidParameter in Go's words. */
export function milliseconds(text: string): number {
  try {
    return parseDuration(text) / 1e6
  } catch (error) {
    throw new GantryError('InvalidParameter', messageOf(error), { cause: error })
  }
}
