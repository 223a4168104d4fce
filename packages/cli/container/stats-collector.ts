import type { ContainerStatsResponse } from '@gantry/api'
import type { Client } from '@gantry/client'
import type { StatsRow } from '../format/list/stats.ts'

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
  readonly #live: boolean
  readonly #entries = new Map<string, Entry>()

  /** With `live` samples go on coming; otherwise there is one of each container. */
  constructor(client: Client, live: boolean) {
    this.#client = client
    this.#live = live
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
    const collected = this.#live ? this.#follow(entry, first.resolve) : this.#once(entry)
    collected.then(
      () => {
        if (this.#live) this.#entries.delete(container)
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
      sample: this.#live && performance.now() - receivedAt > stale ? null : sample,
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
