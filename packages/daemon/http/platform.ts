import { GantryError } from '@gantry/errors'

/** A platform as the query has it: `linux/arm64/v8`, or JSON of an OCI platform. Throws InvalidParameter. */
export function platformOf(text: string): string {
  if (!text.startsWith('{')) return text
  try {
    const { os, architecture, variant } = JSON.parse(text) as Record<string, unknown>
    if (typeof os !== 'string' || typeof architecture !== 'string')
      throw new Error('os and architecture are needed')
    return [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])].join('/')
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid platform: ${text}`, { cause })
  }
}
