/** `--platform os[/architecture[/variant]]`. */
import { messageOf } from '@gantry/errors'
import { formatPlatform, type Platform, parsePlatform } from '@gantry/oci/platform'

/**
 * What the text names; what it leaves out is Linux and this machine's architecture. Throws RangeError with Docker's words,
 * `failure` first: that differs from command to command.
 */
function readPlatform(text: string, failure: string): Platform {
  const problem = (reason: string) => new RangeError(`${failure}: ${reason}`)
  const parts = text.split('/')
  if (parts.length > 3)
    throw problem(`${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`)
  for (const part of parts) {
    if (!/^[A-Za-z0-9_.-]+$/.test(part)) {
      throw problem(
        `${JSON.stringify(part)} is an invalid component of ${JSON.stringify(text)}: platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
      )
    }
  }
  try {
    return parsePlatform(text)
  } catch (error) {
    throw problem(messageOf(error))
  }
}

/** The platform in full, `linux/arm/v7`. Throws as `readPlatform`. */
export const fullPlatform = (text: string): string =>
  formatPlatform(readPlatform(text, 'error parsing specified platform'))

/** The platform as the API takes it: JSON of an OCI platform. Throws as `readPlatform`. */
export function encodePlatform(text: string): string {
  const { architecture, os, variant } = readPlatform(text, 'invalid platform')
  return JSON.stringify({ architecture, os, ...(variant && { variant }) })
}
