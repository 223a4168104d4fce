/** How named contexts are found: by what a Dockerfile writes, or by the image that this means. */
import { familiarName, parseReference } from '@gantry/oci'
import type { NamedImage } from '../contracts.ts'

export type NamedContext = NamedImage | 'files'

/** Looks names up among those of images, and of trees of files. */
export function namedContexts(
  images: ReadonlyMap<string, NamedImage>,
  files: readonly string[],
): (name: string) => NamedContext | null {
  const known = new Map<string, NamedContext>()
  for (const name of files) known.set(name, 'files').set(shortName(name), 'files')
  for (const [name, image] of images) known.set(name, image).set(shortName(name), image)
  return (name) => (known.size === 0 ? null : (known.get(name) ?? known.get(shortName(name)) ?? null))
}

/** `docker.io/library/alpine:latest` is `alpine`. */
function shortName(name: string): string {
  try {
    return familiarName(parseReference(name)).replace(/:latest$/, '')
  } catch {
    return name.toLowerCase()
  }
}
