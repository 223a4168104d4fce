import { GantryError, messageOf } from '@gantry/errors'
import type { Container } from './container.ts'
import type { Registry } from './registry.ts'

/** `container[:alias]` of `--link`. */
export interface Link {
  container: string
  alias: string
}

/** Throws InvalidParameter for a malformed link. */
export function parseLink(text: string): Link {
  const [container = '', alias = container, ...more] = text.split(':')
  if (container === '' || alias === '' || more.length > 0) {
    throw new GantryError('InvalidParameter', `bad format for links: ${text}`)
  }
  return { container: container.replace(/^\//, ''), alias: alias.replace(/^.*\//, '') }
}

/** Throws InvalidParameter when a linked container is not there. */
export function validateLinks(links: readonly string[], registry: Registry): void {
  resolveLinks(links, registry)
}

export function resolveLinks(
  links: readonly string[],
  registry: Registry,
): { alias: string; target: Container }[] {
  return links.map((text) => {
    const link = parseLink(text)
    try {
      return { alias: link.alias, target: registry.find(link.container) }
    } catch (cause) {
      const message = `could not get container for ${link.container}: ${messageOf(cause)}`
      throw new GantryError('InvalidParameter', message, { cause })
    }
  })
}
