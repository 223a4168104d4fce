import type { ImageSummary } from '@gantry/api'
import { type Digest, familiarName, familiarRepository, parseReference } from '@gantry/oci'
import type { Filters } from '../contracts.ts'
import { booleanFilter, checkFilters, matchesLabels, untilFilter } from '../services/filters.ts'
import type { Catalog } from './catalog.ts'
import { isDangling } from './dangling.ts'
import type { ImageParts } from './dependencies.ts'
import { compileGlob } from './glob.ts'
import { sharedLayers, sizeOf } from './layer-sizes.ts'
import { targetSummary } from './platforms.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'
import { asNamed } from './variants.ts'

export const acceptedFilters = ['before', 'dangling', 'label', 'reference', 'since', 'until']

export interface ListOptions {
  all?: boolean
  filters?: Filters
  /** Count what an image shares with others. */
  sharedSize?: boolean
  /** Tell of each platform. */
  manifests?: boolean
}

/** The images that users see, newest first, one row for all platforms of an index. Throws InvalidParameter, NotFound. */
export async function listImages(
  parts: ImageParts,
  { all = false, filters = {}, sharedSize = false, manifests = false }: ListOptions,
): Promise<ImageSummary[]> {
  checkFilters(filters, acceptedFilters)
  const accepts = compile(filters, parts.catalog)
  const references = parts.catalog.references()
  const images = parts.catalog.images()
  const parents = new Set(images.map(({ parent }) => parent))
  const isBetween = ({ id, intermediate }: ImageRecord) => intermediate || parents.has(id)
  const named = Map.groupBy(references, ({ image }) => image)
  // Another platform's image of an index is listed under the one that suits this machine.
  const members = new Set(references.flatMap(({ index }) => index?.images ?? []))
  const shared = sharedSize ? sharedLayers(images) : undefined
  const listed: { created: number; summary: ImageSummary }[] = []
  for (const image of images) {
    const names = named.get(image.id) ?? []
    if (names.length === 0 && (members.has(image.id) || (!all && isBetween(image)))) continue
    const shown = accepts(image, names)
    if (!shown) continue
    const summarized = manifests ? byTarget(image, shown) : [{ packed: image, names: shown }]
    for (const { packed, names, index } of summarized) {
      const summary = await summarize(parts, packed, names, shared)
      if (manifests) Object.assign(summary, await aboutTarget(parts, packed, index))
      listed.push({ created: createdAt(image), summary })
    }
  }
  // Newest first, also of those of one second.
  return listed.sort((a, b) => b.created - a.created).map(({ summary }) => summary)
}

interface Target {
  packed: ImageRecord
  names: ReferenceRecord[]
  index?: ReferenceRecord['index']
}

/** An image once for each index or manifest that its names stand for. */
function byTarget(image: ImageRecord, names: ReferenceRecord[]): Target[] {
  const targets = new Map<Digest, Target>()
  for (const reference of names) {
    const { index } = reference
    const packed = asNamed(image, reference)
    const digest = index?.digest ?? packed.manifest
    const target = targets.get(digest) ?? { packed, names: [], index }
    target.names.push(reference)
    targets.set(digest, target)
  }
  return targets.size > 0 ? [...targets.values()] : [{ packed: image, names }]
}

/** What is told of an index or manifest beside the image: all that is here of it, which the size then is of. */
async function aboutTarget(
  parts: ImageParts,
  image: ImageRecord,
  index: ReferenceRecord['index'],
): Promise<Partial<ImageSummary>> {
  const { descriptor, manifests, size } = await targetSummary(parts, image, index)
  return { Descriptor: descriptor, Manifests: manifests, Size: size }
}

type Accepts = (image: ImageRecord, names: ReferenceRecord[]) => ReferenceRecord[] | undefined

/** Filters as one question: the names to show, or undefined when the image is not to be shown. */
function compile(filters: Filters, catalog: Catalog): Accepts {
  const dangling = booleanFilter(filters, 'dangling')
  const until = untilFilter(filters, new Date())
  const before = (filters.before ?? []).map((text) => createdAt(catalog.find(text).image))
  const since = (filters.since ?? []).map((text) => createdAt(catalog.find(text).image))
  const patterns = (filters.reference ?? []).map(compileGlob)
  return (image, names) => {
    const created = createdAt(image)
    const accepted =
      isWanted(names, dangling) &&
      (until === undefined || created < until.getTime()) &&
      before.every((time) => created < time) &&
      since.every((time) => created > time) &&
      matchesLabels(filters, 'label', image.labels)
    if (!accepted) return undefined
    if (patterns.length === 0) return names
    const matching = names.filter(({ name }) => patterns.some((matches) => matchesName(matches, name)))
    return matching.length > 0 ? matching : undefined
  }
}

/** As in Docker, what only a digest names is found among both: it has a name, but no tag. */
function isWanted(names: readonly ReferenceRecord[], dangling: boolean | undefined): boolean {
  if (dangling === undefined) return true
  return dangling ? isDangling(names) : names.length > 0
}

function matchesName(matches: (text: string) => boolean, name: string): boolean {
  const reference = parseReference(name)
  return matches(familiarName(reference)) || matches(familiarRepository(reference))
}

async function summarize(
  { layers, usersOfImage }: ImageParts,
  image: ImageRecord,
  names: ReferenceRecord[],
  shared: ReadonlySet<Digest> | undefined,
): Promise<ImageSummary> {
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    ...namesShown(names),
    Created: Math.floor(createdAt(image) / 1000),
    Size: await sizeOf(layers, image),
    SharedSize: shared ? await sizeOf(layers, image, (chainId) => shared.has(chainId)) : -1,
    Labels: image.labels,
    Containers: usersOfImage(image.id).length,
  }
}

/** `RepoTags` and `RepoDigests`. */
export function namesShown(names: ReferenceRecord[]): { RepoTags: string[]; RepoDigests: string[] } {
  const shown = names.map(shownName)
  const texts = (hasDigest: boolean): string[] =>
    shown.filter((name) => name.hasDigest === hasDigest).map(({ text }) => text)
  return { RepoTags: texts(false).sort(), RepoDigests: texts(true).sort() }
}

interface ShownName {
  text: string
  hasDigest: boolean
}

// Of records that are in memory, which are listed again and again, and replaced rather than changed.
const shownNames = new WeakMap<ReferenceRecord, ShownName>()
const times = new WeakMap<Pick<ImageRecord, 'created'>, number>()

function shownName(record: ReferenceRecord): ShownName {
  const known = shownNames.get(record)
  if (known) return known
  const reference = parseReference(record.name)
  const shown = { text: familiarName(reference), hasDigest: reference.digest !== undefined }
  shownNames.set(record, shown)
  return shown
}

/** Milliseconds since 1970; 0 when the image does not say. */
export function createdAt(image: Pick<ImageRecord, 'created'>): number {
  const known = times.get(image)
  if (known !== undefined) return known
  const time = image.created === undefined ? 0 : Date.parse(image.created)
  const valid = Number.isNaN(time) ? 0 : time
  times.set(image, valid)
  return valid
}
