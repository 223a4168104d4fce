/** Annotations of images: on the manifest, the index, or the descriptors that name them, for one platform or all. */
import { GantryError } from '@gantry/errors'
import { formatPlatform, type Platform, parsePlatform, samePlatform } from '@gantry/oci'

export type AnnotationLevel = 'manifest' | 'index' | 'manifest-descriptor' | 'index-descriptor'

export interface Annotation {
  level: AnnotationLevel
  platform: Platform | null
  key: string
  value: string
}

/** `annotation.KEY`, `annotation-index.KEY`, `annotation-manifest[linux/amd64].KEY`. */
const pattern = /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(.+)$/

/** Whether an output's attribute means to be an annotation; it may still be an invalid one, see `annotationsIn`. */
export const isAnnotation = (attribute: string): boolean => attribute.startsWith('annotation')

/** The annotations among an output's attributes. Throws InvalidParameter. */
export function annotationsIn(attributes: Readonly<Record<string, string>>): Annotation[] {
  return Object.entries(attributes)
    .filter(([name]) => isAnnotation(name))
    .map(([name, value]) => {
      const [, level = 'manifest', platform, key] = pattern.exec(name) ?? []
      if (key === undefined || !isLevel(level))
        throw new GantryError('InvalidParameter', `invalid annotation ${JSON.stringify(name)}`)
      return { level, platform: platform ? parsePlatform(platform) : null, key, value }
    })
}

const isLevel = (text: string): text is AnnotationLevel =>
  ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'].includes(text)

/** Those of one level, as manifests and descriptors have them; nothing when there are none. */
export function annotationsFor(
  annotations: readonly Annotation[],
  level: AnnotationLevel,
  platform: Platform | null = null,
): { annotations?: Record<string, string> } {
  const chosen = annotations.filter(
    (each) =>
      each.level === level &&
      (each.platform === null || (platform !== null && samePlatform(each.platform, platform))),
  )
  if (chosen.length === 0) return {}
  return { annotations: Object.fromEntries(chosen.map(({ key, value }) => [key, value])) }
}

/** Refuses what could stand nowhere: annotations of an index that is not made, and of platforms that are not built. */
export function checkAnnotations(
  annotations: readonly Annotation[],
  platforms: readonly Platform[],
  hasIndex: boolean,
): void {
  for (const { level, platform } of annotations) {
    if (!hasIndex && level.startsWith('index'))
      throw new GantryError('InvalidParameter', 'index annotations not supported for single platform export')
    if (platform && !platforms.some((each) => samePlatform(platform, each)))
      throw new GantryError(
        'InvalidParameter',
        `annotations for ${formatPlatform(platform)}, which is not built`,
      )
  }
}
