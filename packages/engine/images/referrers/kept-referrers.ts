/** Which manifests name another one as their subject (OCI image-spec, `subject`): signatures, bills of materials. */
import type { Digest } from '@gantry/oci'
import type { Table } from '@gantry/store'

/** One that is here with all that it refers to. */
export interface Referrer {
  /** Of its manifest. */
  digest: Digest
  /** Its configuration and layers. */
  blobs: Digest[]
}

/** What is known of one subject. */
export interface ReferrersRecord {
  subject: Digest
  referrers: Referrer[]
}

/** Where an archive lists them: a file of the form of `index.json`, beside it. */
export const referrersFile = 'referrers.json'

/** Referrers stay as long as their subject. */
export class KeptReferrers {
  readonly #table: Table<ReferrersRecord>

  constructor(table: Table<ReferrersRecord>) {
    this.#table = table
  }

  get isEmpty(): boolean {
    return this.#table.values().length === 0
  }

  of(subject: Digest): Referrer[] {
    return this.#table.get(subject)?.referrers ?? []
  }

  /** Adds to what is known of a subject. */
  add({ subject, referrers }: ReferrersRecord): void {
    const before = this.of(subject).filter(({ digest }) => !referrers.some((each) => each.digest === digest))
    this.#table.set(subject, { subject, referrers: [...before, ...referrers] })
  }

  /** Everything that says something about one of these, or about what does. */
  allFor(subjects: Iterable<Digest>): Referrer[] {
    return this.#about(subjects).flatMap(({ referrers }) => referrers)
  }

  /** The manifests and content of these. */
  contentFor(subjects: Iterable<Digest>): Set<Digest> {
    return new Set(this.allFor(subjects).flatMap(({ digest, blobs }) => [digest, ...blobs]))
  }

  /** Forgets everything else. */
  keepOnly(subjects: Iterable<Digest>): void {
    const kept = new Set(this.#about(subjects).map(({ subject }) => subject))
    for (const { subject } of this.#table.values()) if (!kept.has(subject)) this.#table.delete(subject)
  }

  #about(subjects: Iterable<Digest>): ReferrersRecord[] {
    const rows = new Map(this.#table.values().map((row) => [row.subject, row]))
    const found: ReferrersRecord[] = []
    if (rows.size === 0) return found
    // What is found may be the subject of others, and each is found once.
    for (let next = [...subjects]; next.length > 0; ) {
      const about = next.map((subject) => rows.get(subject)).filter((row) => row !== undefined)
      for (const { subject } of about) rows.delete(subject)
      const fresh = [...new Set(about)]
      found.push(...fresh)
      next = fresh.flatMap(({ referrers }) => referrers.map(({ digest }) => digest))
    }
    return found
  }
}
