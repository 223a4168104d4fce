/** What names an image as its subject comes along with it: small, and not needed to run it, so it is bounded and may lack. */
import {
  type Descriptor,
  type Digest,
  isManifestType,
  largestConfig,
  parseManifest,
  type Repository,
  subjectOf,
} from '@gantry/oci'
import { fetchBlob } from '../pull/fetch-blob.ts'
import type { Hold } from '../retention.ts'
import type { KeptReferrers, Referrer, ReferrersRecord } from './kept-referrers.ts'

/** Referrers of one image that are asked for. */
const mostReferrers = 32
/** Bytes of what they refer to, in all. */
const mostBytes = 64 << 20
/** 2: also the signature of a bill of materials. */
const deepest = 2

export interface ReferrerFetcherParts {
  repository: Repository
  /** What is here already is not fetched again. */
  kept: Pick<KeptReferrers, 'of'>
  hold: Hold
  /** Any of them gives it up. */
  ends: readonly AbortSignal[]
  /** Milliseconds for all of it. */
  wait: number
}

export class ReferrerFetcher {
  readonly #repository: Repository
  readonly #kept: Pick<KeptReferrers, 'of'>
  readonly #hold: Hold
  readonly #ends: readonly AbortSignal[]
  readonly #signal: AbortSignal
  #count = 0
  #bytes = 0

  constructor({ repository, kept, hold, ends, wait }: ReferrerFetcherParts) {
    this.#repository = repository
    this.#kept = kept
    this.#hold = hold
    this.#ends = ends
    this.#signal = AbortSignal.any([...ends, AbortSignal.timeout(wait)])
  }

  /** Everything is held. What cannot be had, or is too much, is left out; rejects with a signal's reason alone. */
  async fetch(subjects: readonly Digest[]): Promise<ReferrersRecord[]> {
    const found: ReferrersRecord[] = []
    let next = subjects
    for (let depth = 1; depth <= deepest && next.length > 0; depth++) {
      const level: ReferrersRecord[] = []
      for (const subject of next) {
        const referrers = await this.#about(subject)
        if (referrers.length > 0) level.push({ subject, referrers })
      }
      found.push(...level)
      next = level.flatMap(({ referrers }) => referrers.map(({ digest }) => digest))
    }
    return found
  }

  async #about(subject: Digest): Promise<Referrer[]> {
    const listed = await this.#orNull(() => this.#repository.referrers(subject, { signal: this.#signal }))
    const kept = this.#kept.of(subject)
    const found: Referrer[] = []
    for (const descriptor of listed ?? []) {
      if (this.#count === mostReferrers) break
      this.#count++
      const known = kept.find(({ digest }) => digest === descriptor.digest)
      const referrer = known ?? (await this.#orNull(() => this.#referrer(subject, descriptor)))
      if (referrer) found.push(referrer)
    }
    return found
  }

  /** Null for what is no such thing: a list may name anything. */
  async #referrer(subject: Digest, { digest, mediaType, size }: Descriptor): Promise<Referrer | null> {
    if (!isManifestType(mediaType)) return null
    const { bytes } = await this.#repository.manifest(digest, { limit: size, signal: this.#signal })
    if (bytes.length !== size) return null
    const body = parseManifest(bytes, mediaType)
    if (body.kind !== 'manifest' || subjectOf(bytes) !== subject) return null
    const parts = [...new Map([body.config, ...body.layers].map((part) => [part.digest, part])).values()]
    const total = parts.reduce((sum, part) => sum + part.size, size)
    if (parts.some((part) => part.size > largestConfig) || this.#bytes + total > mostBytes) return null
    this.#bytes += total
    for (const part of parts) await fetchBlob(this.#repository, this.#hold, part, this.#signal)
    await this.#hold.put(bytes)
    return { digest, blobs: parts.map((part) => part.digest) }
  }

  async #orNull<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch {
      for (const end of this.#ends) end.throwIfAborted()
      return null
    }
  }
}
