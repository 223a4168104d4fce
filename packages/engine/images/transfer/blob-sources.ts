import type { Digest } from '@gantry/oci'
import type { Table } from '@gantry/store'

/** A repository that has a blob. */
export interface BlobSource {
  domain: string
  path: string
}

/** Repositories remembered for each blob. */
const most = 8

/** Where blobs are known to be, so that a push can ask the registry to take them over instead of sending them. */
export class BlobSources {
  readonly #table: Table<BlobSource[]>

  constructor(table: Table<BlobSource[]>) {
    this.#table = table
  }

  /** Paths of repositories of one registry that have the blob, the latest first, without `except`. */
  of(digest: Digest, domain: string, except: string): string[] {
    const known = this.#table.get(digest) ?? []
    return known
      .filter((source) => source.domain === domain && source.path !== except)
      .map(({ path }) => path)
  }

  add(digest: Digest, { domain, path }: BlobSource): void {
    const known = this.#table.get(digest) ?? []
    if (known[0]?.domain === domain && known[0].path === path) return
    const others = known.filter((source) => source.domain !== domain || source.path !== path)
    this.#table.set(digest, [{ domain, path }, ...others].slice(0, most))
  }

  /** The blob is not there any more. */
  forget(digest: Digest): void {
    this.#table.delete(digest)
  }
}
