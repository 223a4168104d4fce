import { GantryError } from '@gantry/errors'
import { familiarName, parseReference, type Reference } from '@gantry/oci'
import { referenceKey } from './catalog.ts'
import { announce, type ImageParts } from './dependencies.ts'
import type { ReferenceRecord } from './records.ts'

/** `POST /images/{name}/tag`: one more name for an image, taken from another image if need be. */
export function tagImage(parts: ImageParts, source: string, target: { repo: string; tag: string }): void {
  const { image, reference } = parts.catalog.find(source)
  nameImage(parts, parseTarget(target.repo, target.tag), {
    image: image.id,
    ...(reference?.index && { index: reference.index }),
    ...(reference?.variants && { variants: reference.variants }),
  })
}

/** A name for an image, from the API's two halves. Throws InvalidParameter, for a name with a digest with these words. */
export function parseTarget(
  repo: string,
  tag = '',
  digestProblem = 'refusing to create a tag with a digest reference',
): Reference {
  const reference = parseReference(repo)
  if (reference.digest) throw new GantryError('InvalidParameter', digestProblem)
  if (familiarName({ ...reference, tag: undefined }) === 'sha256') {
    const problem = 'refusing to create an ambiguous tag using digest algorithm as name'
    throw new GantryError('InvalidParameter', problem)
  }
  if (tag === '') return { ...reference, tag: reference.tag ?? 'latest' }
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new GantryError('InvalidParameter', 'invalid tag format')
  return { ...reference, tag }
}

/** Gives an image a name and announces it. */
export function nameImage(
  parts: ImageParts,
  reference: Reference,
  target: Omit<ReferenceRecord, 'name'>,
): void {
  const { catalog } = parts
  catalog.transaction(() => {
    const image = catalog.get(target.image)
    if (image) catalog.put({ ...image, taggedAt: new Date().toISOString() })
    catalog.name({ name: referenceKey(reference), ...target })
  })
  announce(parts, 'tag', target.image, familiarName(reference))
}
