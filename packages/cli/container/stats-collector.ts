import type { ContainerStatsResponse } from '@gantry/api'
import type { Client } from '@gantry/client'
import { isKind } from '@gantry/errors'
import type { StatsRow } from '../format/list/stats.ts'
import { isLost } from './reconnect.ts'

/** After so many milliseconds a sample says nothing about now. */
const stale = 2000

interface Entry {
  container: string
  sample: ContainerStatsResponse | null
  receivedAt: number
  leaving: AbortController
}

/** Keeps the latest sample of each container it was told of, in that order. */
export class StatsCollector {
  readonly #client: Client
  /** Null for one sample of each container. */
  readonly #reconnect: (() => Promise<void>) | null
  readonly #entries = new Map<string, Entry>()
  /** The daemon has gone, and did not come back. */
  problem: unknown

  /** With `reconnect`, which waits for a daemon that has gone, samples go on coming; otherwise there is one of each container. */
  constructor(client: Client, reconnect: (() => Promise<void>) | null) {
    this.#client = client
    this.#reconnect = reconnect
  }

  /**
   * Resolves with the first sample. Rejects when the engine refuses; a container that is known already is left alone. The
   * row goes when its samples end, as they do when the container is removed.
   */
  async add(container: string): Promise<void> {
    if (this.#entries.has(container)) return
    const entry: Entry = { container, sample: null, receivedAt: 0, leaving: new AbortController() }
    this.#entries.set(container, entry)
    const first = Promise.withResolvers<void>()
    const collected = this.#reconnect
      ? this.#followAcross(entry, first.resolve, this.#reconnect)
      : this.#once(entry)
    collected.then(
      () => {
        if (this.#reconnect) this.#entries.delete(container)
        first.resolve()
      },
      (error: unknown) => {
        this.#entries.delete(container)
        if (entry.leaving.signal.aborted) first.resolve()
        else first.reject(error)
      },
    )
    await first.promise
  }

  async #once(entry: Entry): Promise<void> {
    const sample = await this.#client.call('ContainerStats', {
      path: { id: entry.container },
      query: { stream: false },
      signal: entry.leaving.signal,
    })
    receive(entry, sample)
  }

  /** To the removal of the container. */
  async #followAcross(entry: Entry, told: () => void, reconnect: () => Promise<void>): Promise<void> {
    const { container, leaving } = entry
    for (;;) {
      try {
        await this.#follow(entry, told)
        // A daemon that is stopped ends its answers in good order.
        await this.#client.call('ContainerInspect', { path: { id: container }, signal: leaving.signal })
      } catch (error) {
        if (leaving.signal.aborted || (isKind(error, 'NotFound') && entry.sample)) return
        if (!isLost(error)) throw error
      }
      try {
        await reconnect()
      } catch (error) {
        this.problem = error
        throw error
      }
    }
  }

  async #follow(entry: Entry, told: () => void): Promise<void> {
    const samples = this.#client.values<ContainerStatsResponse>('ContainerStats', {
      path: { id: entry.container },
      query: { stream: true },
      signal: entry.leaving.signal,
    })
    for await (const sample of samples) {
      receive(entry, sample)
      told()
    }
  }

  remove(container: string): void {
    this.#entries.get(container)?.leaving.abort()
    this.#entries.delete(container)
  }

  close(): void {
    for (const container of [...this.#entries.keys()]) this.remove(container)
  }

  rows(truncate: boolean): StatsRow[] {
    return [...this.#entries.values()].map(({ container, sample, receivedAt }) => ({
      container,
      sample: this.#reconnect && performance.now() - receivedAt > stale ? null : sample,
      name: sample?.name ?? '',
      id: sample?.id ?? '',
      truncate,
    }))
  }
}

function receive(entry: Entry, sample: ContainerStatsResponse): void {
  entry.sample = sample
  entry.receivedAt = performance.now()
}
