/** Which images there are and what they are called: the two tables, and how a user's text is looked up in them. */
import { GantryError } from '@gantry/errors'
import {
  canonicalName,
  chainIdsOf,
  type Digest,
  familiarName,
  hexOf,
  isDigest,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from '@gantry/oci'
import type { Database } from '@gantry/store'
import { ListedTable } from './listed-table.ts'
import type { ImageRecord, ReferenceRecord } from './records.ts'
import { KeptReferrers } from './referrers/kept-referrers.ts'
import { variantOf, withVariants } from './variants.ts'

/** What a lookup found; `reference` when it was by name. */
export interface Found {
  image: ImageRecord
  reference?: ReferenceRecord
}

export class Catalog {
  readonly #images: ListedTable<ImageRecord>
  readonly #references: ListedTable<ReferenceRecord>
  /** What says something about manifests of images and indexes. */
  readonly referrers: KeptReferrers
  readonly #database: Pick<Database, 'transaction'>

  constructor(database: Pick<Database, 'table' | 'transaction'>) {
    this.#database = database
    this.#images = new ListedTable(database.table<ImageRecord>('images'), ({ id }) => id)
    this.#references = new ListedTable(
      database.table<ReferenceRecord>('image_references'),
      ({ name }) => name,
    )
    this.referrers = new KeptReferrers(database.table('image_referrers'))
  }

  /** Several writes that are kept together or not at all. */
  transaction<T>(work: () => T): T {
    try {
      return this.#database.transaction(work)
    } catch (error) {
      this.#images.forget()
      this.#references.forget()
      throw error
    }
  }

  /** Also an image that is kept for a container alone. */
  get(id: Digest): ImageRecord | undefined {
    return this.#images.get(id)
  }

  /** The images that users see. */
  images(): ImageRecord[] {
    return this.#images.values().filter(({ retired }) => !retired)
  }

  retired(): ImageRecord[] {
    return this.#images.values().filter(({ retired }) => retired)
  }

  /** Keeps a record. Names that are to go on standing for the manifest it had before get that with them. */
  put(image: ImageRecord): void {
    const known = this.#images.get(image.id)
    if (known && known.manifest !== image.manifest) this.#pin(known)
    this.#images.set(image.id, image)
  }

  /** An index needs its members, and a digest what it says; with the digest, its repository's tags. */
  #pin(known: ImageRecord): void {
    const names = this.namesOf(known.id)
    const repositories = new Set(
      names
        .map(({ name }) => parseReference(name))
        .filter(({ digest }) => digest === known.manifest)
        .map(repositoryOf),
    )
    for (const reference of names) {
      const { name, index, variants = [] } = reference
      const isOther = !index && variants.length > 0
      if (isOther || !(index || repositories.has(repositoryOf(parseReference(name))))) continue
      this.name({ ...reference, ...withVariants([...variants, variantOf(known)]) })
    }
  }

  drop(id: Digest): void {
    this.#images.delete(id)
  }

  references(): ReferenceRecord[] {
    return this.#references.values()
  }

  reference(name: string): ReferenceRecord | undefined {
    return this.#references.get(name)
  }

  name(reference: ReferenceRecord): void {
    this.#references.set(reference.name, reference)
  }

  unname(name: string): void {
    this.#references.delete(name)
  }

  /** Names that stand for this image, or for an index with it. */
  namesOf(id: Digest): ReferenceRecord[] {
    return this.references().filter(({ image, index }) => image === id || index?.images.includes(id))
  }

  /**
   * By name, full id or digest of its manifest or index, or unambiguous prefix of an id. Throws InvalidParameter for what cannot be a reference,
   * NotFound `No such image: X:tag`.
   */
  find(text: string): Found {
    const id = fullId(text)
    if (id) {
      const image = this.#visible(id) ?? this.#withManifest(id)
      if (!image) throw new GantryError('NotFound', `No such image: ${id}`)
      return { image }
    }
    const reference = parseReference(text)
    const named = this.byName(reference)
    if (named) return named
    const image = this.#byPrefix(text)
    if (image) return { image }
    throw new GantryError('NotFound', `No such image: ${familiarName(withDefaultTag(reference))}`)
  }

  byName(reference: Reference): Found | undefined {
    const known = this.#references.get(referenceKey(reference))
    const image = known && this.#visible(known.image)
    return image && { image, reference: known }
  }

  /** Names of a repository, with any tag. */
  inRepository(reference: Reference): ReferenceRecord[] {
    const repository = repositoryOf(reference)
    return this.references().filter(({ name }) => repositoryOf(parseReference(name)) === repository)
  }

  #visible(id: Digest): ImageRecord | undefined {
    const image = this.#images.get(id)
    return image?.retired ? undefined : image
  }

  /** As what a build or a push has told of it. */
  #withManifest(digest: Digest): ImageRecord | undefined {
    const image = this.images().find(({ manifest }) => manifest === digest)
    if (image) return image
    const named = this.references().find(
      ({ index, variants = [] }) =>
        index?.digest === digest || variants.some(({ manifest }) => manifest === digest),
    )
    return named && this.#visible(named.image)
  }

  #byPrefix(text: string): ImageRecord | undefined {
    const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
    if (prefix === undefined) return undefined
    const matches = this.images().filter(({ id }) => hexOf(id).startsWith(prefix))
    return matches.length === 1 ? matches[0] : undefined
  }

  /** Blobs that an image or a name needs, and what says something about them. */
  liveBlobs(): Set<Digest> {
    const live = this.#ownBlobs()
    return live.union(this.referrers.contentFor(live))
  }

  /** Forgets what says something about manifests that have gone. */
  forgetReferrers(): void {
    if (!this.referrers.isEmpty) this.referrers.keepOnly(this.#ownBlobs())
  }

  #ownBlobs(): Set<Digest> {
    const live = new Set<Digest>()
    for (const image of this.#images.values()) {
      live.add(image.id).add(image.manifest)
      for (const { blob } of image.layers) live.add(blob)
    }
    for (const { index, variants = [] } of this.references()) {
      if (index) for (const digest of [index.digest, ...index.blobs]) live.add(digest)
      for (const { manifest, layers } of variants)
        for (const digest of [manifest, ...layers]) live.add(digest)
    }
    return live
  }

  /** Chain ids of layers that an image has; `without` some of the images. */
  liveLayers(without: ReadonlySet<Digest> = new Set()): Set<Digest> {
    const images = this.#images.values().filter(({ id }) => !without.has(id))
    return new Set(images.flatMap((image) => chainOf(image)))
  }
}

/** The key under which a reference is kept: a digest says it all, else the tag, by default `latest`. */
export function referenceKey(reference: Reference): string {
  const { tag: _tag, ...untagged } = reference
  return canonicalName(reference.digest ? untagged : withDefaultTag(reference))
}

/** Of records that are in memory: each is a digest of digests, and asked for at every list, build and sweep. */
const chains = new WeakMap<ImageRecord['layers'], readonly Digest[]>()

/** Chain ids of an image's layers, base first. */
export function chainOf({ layers }: Pick<ImageRecord, 'layers'>): readonly Digest[] {
  const chain = chains.get(layers) ?? chainIdsOf(layers.map(({ diffId }) => diffId))
  chains.set(layers, chain)
  return chain
}

function fullId(text: string): Digest | undefined {
  if (isDigest(text)) return text
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : undefined
}
