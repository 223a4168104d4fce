/**
 * Layers of this machine as they were compressed for a cache or an image that went elsewhere: the next build that gives the
 * same layer out has it at hand. They are part of the build cache, listed and collected like the rest of it.
 */
import type { CacheUsage } from '@gantry/build'
import { type Descriptor, type Digest, hexOf } from '@gantry/oci'
import type { Table } from '@gantry/store'

/** Of the compressed layer, which is a blob of the content store. */
export interface CompressedLayer {
  /** Of the row. */
  key: string
  diffId: Digest
  descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
  /** RFC 3339. */
  createdAt: string
  usedAt: string
  uses: number
}

/** What a layer is compressed with; levels as zlib and zstd count them. */
interface Form {
  type: string
  level?: number
}

export class CompressedLayers {
  readonly #table: Table<CompressedLayer>
  readonly #now: () => Date

  constructor(table: Table<CompressedLayer>, now: () => Date) {
    this.#table = table
    this.#now = now
  }

  /** The blob may be gone. */
  find(diffId: Digest, form: Form): CompressedLayer['descriptor'] | null {
    const key = keyOf(diffId, form)
    const known = this.#table.get(key)
    if (!known) return null
    this.#table.set(key, { ...known, usedAt: this.#now().toISOString(), uses: known.uses + 1 })
    return known.descriptor
  }

  keep(diffId: Digest, form: Form, { mediaType, digest, size }: CompressedLayer['descriptor']): void {
    const now = this.#now().toISOString()
    const key = keyOf(diffId, form)
    this.#table.set(key, {
      key,
      diffId,
      descriptor: { mediaType, digest, size },
      createdAt: now,
      usedAt: now,
      uses: 0,
    })
  }

  /** Those blobs stay in the content store. */
  blobs(): Digest[] {
    return this.#table.values().map(({ descriptor }) => descriptor.digest)
  }

  /** Forgets those of layers that are not there any more. */
  retain(diffIds: ReadonlySet<Digest>): void {
    for (const { key, diffId } of this.#table.values()) if (!diffIds.has(diffId)) this.#table.delete(key)
  }

  /** `inImages`: blobs of images of this machine, which take no space of the cache's. */
  usage(inImages: ReadonlySet<Digest>): CacheUsage[] {
    return this.#table.values().map(({ diffId, descriptor: { digest, size }, createdAt, usedAt, uses }) => {
      const shared = inImages.has(digest)
      return {
        id: hexOf(digest),
        type: 'internal',
        parents: [],
        description: `compressed layer ${hexOf(diffId).slice(0, 12)}`,
        createdAt,
        usedAt,
        uses,
        inUse: false,
        shared,
        size: shared ? 0 : size,
        layers: [],
      }
    })
  }

  /** By its id in `usage`. Returns whether it was there. */
  remove(id: string): boolean {
    const rows = this.#table.values().filter(({ descriptor }) => hexOf(descriptor.digest) === id)
    for (const { key } of rows) this.#table.delete(key)
    return rows.length > 0
  }
}

const keyOf = (diffId: Digest, { type, level }: Form): string => `${diffId} ${type} ${level ?? 'default'}`
