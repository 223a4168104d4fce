/** What images were after each instruction of a build: known by their ids, and made when somebody names one. */
import {
  type Descriptor,
  type Digest,
  digestOf,
  hexOf,
  type ImageConfigFile,
  mediaTypes,
  serializeImageConfig,
} from '@gantry/oci'
import type { Table } from '@gantry/store'
import { chainOf } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { blobInImage } from './layer-blob.ts'
import type { Hold } from './retention.ts'
import { storeImage } from './store-image.ts'

export interface IntermediateRecord {
  id: Digest
  /** What the instruction was carried out upon. */
  parent?: Digest
  file: ImageConfigFile
  /** RFC 3339. */
  notedAt: string
}

/** Rows, and how far they may grow beyond that before the oldest go. */
const mostKept = 2000
const slack = 200

/** Characters of a configuration, about, beyond which an image cannot be named later: thousands of such would fill a disk. */
const largest = 128 << 10

export class Intermediates {
  readonly #table: Table<IntermediateRecord>
  readonly #transaction: (work: () => void) => void
  readonly #most: number
  /** Ids that need not be looked for in the table. */
  readonly #seen = new Set<Digest>()
  /** Noted and not written yet. */
  readonly #fresh = new Map<Digest, IntermediateRecord>()
  #writing: NodeJS.Immediate | undefined
  /** Null until it has been counted. */
  #count: number | null = null

  constructor(
    table: Table<IntermediateRecord>,
    transaction: (work: () => void) => void = (work) => work(),
    most = mostKept,
  ) {
    this.#table = table
    this.#transaction = transaction
    this.#most = most
  }

  /** Whether an earlier build came by it. */
  has(id: Digest): boolean {
    return this.#seen.has(id) || this.#table.get(id) !== undefined
  }

  /**
   * Without `file`, what is an image already; one that is large is not kept. Written down before the event loop's next turn, with all that are noted in
   * this one: what a client has been told can be named after a crash, too. Returns whether it is new.
   */
  note(id: Digest, file?: ImageConfigFile, parent?: Digest | null): boolean {
    if (this.#seen.has(id)) return false
    if (this.#seen.size >= this.#most) this.#seen.clear()
    this.#seen.add(id)
    if (!file || isLarge(file)) return true
    this.#fresh.set(id, { id, ...(parent && { parent }), file, notedAt: new Date().toISOString() })
    this.#writing ??= setImmediate(() => {
      try {
        this.flush()
      } catch {
        // They cannot be named, and no more.
      }
    }).unref()
    return true
  }

  flush(): void {
    clearImmediate(this.#writing)
    this.#writing = undefined
    if (this.#fresh.size === 0) return
    const fresh = [...this.#fresh.values()]
    this.#fresh.clear()
    this.#count ??= this.#table.values().length
    this.#count += fresh.length
    const isFull = this.#count > this.#most + slack
    this.#transaction(() => {
      for (const record of fresh) this.#table.set(record.id, record)
      if (isFull) this.#removeOldest()
    })
  }

  #removeOldest(): void {
    const byAge = this.#table.values().sort((a, b) => (a.notedAt < b.notedAt ? -1 : 1))
    for (const { id } of byAge.slice(0, -this.#most)) {
      this.#table.delete(id)
      this.#seen.delete(id)
    }
    this.#count = Math.min(byAge.length, this.#most)
  }

  get(id: Digest): IntermediateRecord | undefined {
    return this.#fresh.get(id) ?? this.#table.get(id)
  }

  /** By full id or a prefix that only one has. */
  find(text: string): IntermediateRecord | undefined {
    const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
    if (prefix === undefined) return undefined
    if (prefix.length === 64) return this.get(`sha256:${prefix}`)
    this.flush()
    const [found, other] = this.#table.values().filter(({ id }) => hexOf(id).startsWith(prefix))
    return other ? undefined : found
  }

  forget(id: Digest): void {
    this.#seen.delete(id)
    this.#fresh.delete(id)
    this.#table.delete(id)
  }
}

/** Counts what a Dockerfile can make long. */
function isLarge({ config: { Env = [], Labels = {} }, history }: ImageConfigFile): boolean {
  const texts = [Env, Object.values(Labels ?? {}), history.map(({ created_by: text = '' }) => text)]
  return texts.flat().reduce((sum, text) => sum + text.length, 0) > largest
}

/** Makes the image that a text means, as long as its layers are here. Resolves to whether there is one now. */
export async function recallIntermediate(parts: ImageParts, text: string): Promise<boolean> {
  const { catalog, intermediates, layers, retention } = parts
  const record = intermediates.find(text)
  if (!record || (catalog.get(record.id) && !catalog.get(record.id)?.retired)) return false
  if (digestOf(serializeImageConfig(record.file)) !== record.id) return false
  const { id, parent, file } = record
  await using hold = retention.begin()
  const chain = chainOf({ layers: file.diffIds.map((diffId) => ({ diffId, blob: diffId })) })
  await hold.use([...chain, ...file.diffIds])
  const descriptors: Descriptor[] = []
  for (const [index, diffId] of file.diffIds.entries()) {
    const descriptor = (await layers.has(chain[index] as Digest)) ? await blobOf(parts, hold, diffId) : null
    if (!descriptor) {
      intermediates.forget(id)
      return false
    }
    descriptors.push(descriptor)
  }
  await storeImage(parts, hold, file, descriptors, parent)
  const image = catalog.get(id)
  if (image) catalog.put({ ...image, intermediate: true })
  return true
}

async function blobOf(parts: ImageParts, hold: Hold, diffId: Digest): Promise<Descriptor | null> {
  const { content } = parts
  if (!(await content.has(diffId))) return blobInImage(parts, hold, diffId)
  return { mediaType: mediaTypes.ociLayer, digest: diffId, size: (await content.info(diffId)).size }
}

/** Keeps what an image was made upon, for `Parent` and the history. */
export function noteParent({ catalog }: Pick<ImageParts, 'catalog'>, id: Digest, parent: Digest): void {
  const image = catalog.get(id)
  if (image && !image.parent) catalog.put({ ...image, parent })
}
