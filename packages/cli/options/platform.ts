/** `--platform os[/architecture[/variant]]`. */
import { messageOf } from '@gantry/errors'
import { formatPlatform, type Platform, parsePlatform } from '@gantry/oci/platform'

/**
 * What the text names; what it leaves out is Linux and this machine's architecture. Throws RangeError with Docker's words,
 * `failure` first: that differs from command to command.
 */
function readPlatform(text: string, failure: string): Platform {
  try {
    return parsePlatform(text)
  } catch (error) {
    throw new RangeError(failure + messageOf(error))
  }
}

/** The platform in full, `linux/arm/v7`. Throws as `readPlatform`. */
export const fullPlatform = (text: string): string =>
  formatPlatform(readPlatform(text, 'error parsing specified platform: '))

/** The platform as the API takes it: JSON of an OCI platform. Throws as `readPlatform`. */
export function encodePlatform(text: string, failure = 'invalid platform: '): string {
  const { architecture, os, variant } = readPlatform(text, failure)
  return JSON.stringify({ architecture, os, ...(variant && { variant }) })
}
