import type { ImageSummary } from '@gantry/api'
import { familiarName, familiarRepository, parseReference } from '@gantry/oci'
import type { Filters } from '../contracts.ts'
import { booleanFilter, checkFilters, matchesLabels, untilFilter } from '../services/filters.ts'
import { type Catalog, chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { matchesGlob } from './glob.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'

export const acceptedFilters = ['before', 'dangling', 'label', 'reference', 'since', 'until']

/** The images that users see, newest first, one row for all platforms of an index. Throws InvalidParameter, NotFound. */
export async function listImages(
  parts: ImageParts,
  { all = false, filters = {} }: { all?: boolean; filters?: Filters },
): Promise<ImageSummary[]> {
  checkFilters(filters, acceptedFilters)
  const accepts = compile(filters, parts.catalog)
  const references = parts.catalog.references()
  const images = parts.catalog.images()
  const parents = new Set(images.map(({ parent }) => parent))
  const rows = images
    .filter((image) => !isMemberOnly(image, references))
    .map((image) => ({ image, names: references.filter((reference) => reference.image === image.id) }))
    .filter(({ image, names }) => all || names.length > 0 || !parents.has(image.id))
    .map(({ image, names }) => ({ image, shown: accepts(image, names) }))
  const summaries: ImageSummary[] = []
  for (const { image, shown } of rows) if (shown) summaries.push(await summarize(parts, image, shown))
  return summaries.sort((a, b) => b.Created - a.Created)
}

/** Another platform's image of an index: it is listed under the one that suits this machine. */
function isMemberOnly({ id }: ImageRecord, references: ReferenceRecord[]): boolean {
  return (
    references.some(({ index }) => index?.images.includes(id)) &&
    !references.some(({ image }) => image === id)
  )
}

type Accepts = (image: ImageRecord, names: ReferenceRecord[]) => ReferenceRecord[] | undefined

/** Filters as one question: the names to show, or undefined when the image is not to be shown. */
function compile(filters: Filters, catalog: Catalog): Accepts {
  const dangling = booleanFilter(filters, 'dangling')
  const until = untilFilter(filters, new Date())
  const before = (filters.before ?? []).map((text) => createdAt(catalog.find(text).image))
  const since = (filters.since ?? []).map((text) => createdAt(catalog.find(text).image))
  const patterns = filters.reference ?? []
  return (image, names) => {
    const created = createdAt(image)
    const accepted =
      (dangling === undefined || dangling === (names.length === 0)) &&
      (until === undefined || created < until.getTime()) &&
      before.every((time) => created < time) &&
      since.every((time) => created > time) &&
      matchesLabels(filters, 'label', image.labels)
    if (!accepted) return undefined
    if (patterns.length === 0) return names
    const matching = names.filter(({ name }) => patterns.some((pattern) => matchesName(pattern, name)))
    return matching.length > 0 ? matching : undefined
  }
}

function matchesName(pattern: string, name: string): boolean {
  const reference = parseReference(name)
  return matchesGlob(pattern, familiarName(reference)) || matchesGlob(pattern, familiarRepository(reference))
}

async function summarize(
  { layers, usersOfImage }: ImageParts,
  image: ImageRecord,
  names: ReferenceRecord[],
): Promise<ImageSummary> {
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    ...namesShown(names),
    Created: Math.floor(createdAt(image) / 1000),
    Size: await sizeOf(layers, image),
    SharedSize: -1,
    Labels: image.labels,
    Containers: usersOfImage(image.id).length,
  }
}

/** `RepoTags` and `RepoDigests`. */
export function namesShown(names: ReferenceRecord[]): { RepoTags: string[]; RepoDigests: string[] } {
  const references = names.map(({ name }) => parseReference(name))
  return {
    RepoTags: references
      .filter(({ digest }) => !digest)
      .map(familiarName)
      .sort(),
    RepoDigests: references
      .filter(({ digest }) => digest)
      .map(familiarName)
      .sort(),
  }
}

/** Milliseconds since 1970; 0 when the image does not say. */
export function createdAt({ created }: Pick<ImageRecord, 'created'>): number {
  const time = created === undefined ? 0 : Date.parse(created)
  return Number.isNaN(time) ? 0 : time
}

/** Bytes of file content in all layers that are unpacked. */
export async function sizeOf(layers: ImageParts['layers'], image: ImageRecord): Promise<number> {
  let size = 0
  for (const chainId of chainOf(image)) if (await layers.has(chainId)) size += await layers.size(chainId)
  return size
}
