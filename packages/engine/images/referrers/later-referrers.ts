/** What says something new about images that are here already is looked for while nobody waits. */
import type { Digest, Repository } from '@gantry/oci'
import type { Catalog } from '../catalog.ts'
import type { Retention } from '../retention.ts'
import type { Transfers } from '../transfer/transfers.ts'
import { ReferrerFetcher } from './fetch-referrers.ts'

/** Milliseconds that one search may take. */
const longestSearch = 30_000

/** In milliseconds. */
interface Times {
  /** How long somebody who would hand on what is found waits for it. */
  wait: number
  /** How long after a pull the search begins: the command has ended by then, and pulls one after another share it. */
  pause: number
}

interface Search {
  subjects: readonly Digest[]
  begin: () => void
  ended: Promise<void>
}

export interface LaterReferrersParts {
  catalog: Pick<Catalog, 'referrers' | 'transaction'>
  retention: Pick<Retention, 'begin'>
  transfers: Pick<Transfers, 'limits'>
}

/** Searches that go on behind the answers to pulls, until they are closed. */
export class LaterReferrers {
  readonly #parts: LaterReferrersParts
  readonly #closing = new AbortController()
  readonly #searches = new Map<string, Search>()
  readonly #times: Times

  constructor(parts: LaterReferrersParts, times: Times = { wait: 10_000, pause: 1000 }) {
    this.#parts = parts
    this.#times = times
  }

  /** Will look in the repository of this name, once at a time. What is found is kept; a failure is nobody's. */
  look(name: string, repository: Repository, subjects: readonly Digest[]): void {
    const { limits } = this.#parts.transfers
    const key = [name, ...subjects].join(' ')
    if (this.#closing.signal.aborted || this.#searches.has(key) || !limits().referrers) return
    const { promise: due, resolve: begin } = Promise.withResolvers<void>()
    const timer = setTimeout(begin, this.#times.pause)
    const ended = due
      .then(() => clearTimeout(timer))
      .then(() => this.#search(repository, subjects))
      .catch(() => {})
      .finally(() => this.#searches.delete(key))
    this.#searches.set(key, { subjects, begin, ended })
  }

  /** Resolves once what is being looked for about these has been found or not, or has been waited for long enough. */
  async settled(subjects: Iterable<Digest>, signal?: AbortSignal): Promise<void> {
    const wanted = new Set(subjects)
    const searches = [...this.#searches.values()].filter((each) =>
      each.subjects.some((one) => wanted.has(one)),
    )
    if (searches.length === 0) return
    for (const { begin } of searches) begin()
    const enough = AbortSignal.any([AbortSignal.timeout(this.#times.wait), ...(signal ? [signal] : [])])
    const { promise, resolve } = Promise.withResolvers<void>()
    enough.addEventListener('abort', () => resolve())
    if (enough.aborted) return
    await Promise.race([promise, Promise.all(searches.map(({ ended }) => ended))])
  }

  /** Resolves once every search has ended, which are given up. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the daemon is stopping'))
    const searches = [...this.#searches.values()]
    for (const { begin } of searches) begin()
    await Promise.all(searches.map(({ ended }) => ended))
  }

  async #search(repository: Repository, subjects: readonly Digest[]): Promise<void> {
    const { catalog, retention } = this.#parts
    this.#closing.signal.throwIfAborted()
    // Its end sweeps away what has come for an image that has gone meanwhile.
    await using hold = retention.begin()
    const ends = [this.#closing.signal]
    const fetcher = new ReferrerFetcher({
      repository,
      kept: catalog.referrers,
      hold,
      ends,
      wait: longestSearch,
    })
    const found = await fetcher.fetch([...new Set(subjects)])
    if (found.length === 0) return
    catalog.transaction(() => {
      for (const record of found) catalog.referrers.add(record)
    })
  }
}
