/** How named contexts are found: by what a Dockerfile writes, or by the image that this means. */
import { familiarName, formatPlatform, type Platform, parseReference } from '@gantry/oci'
import type { NamedImage } from '../contracts.ts'

export type NamedContext = NamedImage | 'files'

/** Looks names up among those of images, and of trees of files. `NAME::PLATFORM` goes before `NAME`, for what is built for that platform. */
export function namedContexts(
  images: ReadonlyMap<string, NamedImage>,
  files: readonly string[],
): (name: string, platform: Platform) => NamedContext | null {
  const known = new Map<string, NamedContext>()
  for (const name of files) known.set(name, 'files').set(shortName(name), 'files')
  for (const [name, image] of images) known.set(name, image).set(shortName(name), image)
  return (name, platform) => {
    if (known.size === 0) return null
    const names = [name, shortName(name)]
    const asked = [...names.map((each) => `${each}::${formatPlatform(platform)}`), ...names]
    return asked.map((each) => known.get(each)).find((context) => context !== undefined) ?? null
  }
}

/** `docker.io/library/alpine:latest` is `alpine`. */
function shortName(name: string): string {
  const [, image = name, platform = ''] = /^(.+?)(::.+)$/.exec(name) ?? []
  try {
    return familiarName(parseReference(image)).replace(/:latest$/, '') + platform
  } catch {
    return name.toLowerCase()
  }
}
