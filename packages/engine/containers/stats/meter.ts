import type { Clock } from '../clock.ts'
import type { Sample } from './sample.ts'

/** How often a stream tells, in milliseconds. */
export const interval = 1000
/** The shortest time that says something about the use of processors, which the kernel counts in steps of 10 ms. */
export const shortest = 500
/** A look longer ago than this says nothing about now. */
const longest = 2000

/** A sample, and the one before it that its use of processors is compared with. */
export interface Measurement {
  sample: Sample
  previous: Sample | null
}

interface Look {
  sample: Sample
  at: number
}

/** Gets each new measurement; null while the container does not run. */
type Listener = (measurement: Measurement | null) => void

/**
 * Looks at one container for all clients that want to know: once a second while there are listeners, and never
 * otherwise. `take` gives a sample of the container, null while it does not run.
 */
export class Meter {
  readonly #take: () => Sample | null
  readonly #clock: Clock
  readonly #listeners = new Set<Listener>()
  #latest: Look | null = null
  #cancel: (() => void) | null = null
  #single: Promise<Measurement | null> | null = null

  constructor(take: () => Sample | null, clock: Clock) {
    this.#take = take
    this.#clock = clock
  }

  /** Whether anybody listens or a look is still worth keeping. */
  get idle(): boolean {
    const recent = this.#latest !== null && this.#now() - this.#latest.at <= longest
    return this.#listeners.size === 0 && this.#single === null && !recent
  }

  #now(): number {
    return this.#clock.now().getTime()
  }

  /** Looks now. */
  look(): Measurement | null {
    const sample = this.#take()
    const before = sample && this.#comparable(sample)
    const age = before ? this.#now() - before.at : Number.POSITIVE_INFINITY
    // A look right after another one does not take its place: what comes next is to be compared with an older one.
    if (age >= shortest) this.#keep(sample)
    return sample && { sample, previous: before && age >= shortest && age <= longest ? before.sample : null }
  }

  #keep(sample: Sample | null): void {
    this.#latest = sample && { sample, at: this.#now() }
  }

  /** The latest look, if it was at the same run of the container. */
  #comparable(sample: Sample): Look | null {
    return this.#latest?.sample.startedAt === sample.startedAt ? this.#latest : null
  }

  /** A measurement with something to compare it with: of a look not long ago, or of one that is waited for. */
  async compared(): Promise<Measurement | null> {
    this.#single ??= this.#compared().finally(() => {
      this.#single = null
    })
    return await this.#single
  }

  async #compared(): Promise<Measurement | null> {
    const first = this.look()
    const base = this.#latest
    if (!first || first.previous || !base) return first
    const wait = Math.max(1, shortest - (this.#now() - base.at))
    await new Promise<void>((resolve) => this.#clock.after(wait, resolve))
    const sample = this.#take()
    this.#keep(sample)
    return sample && { sample, previous: sample.startedAt === base.sample.startedAt ? base.sample : null }
  }

  /** Tells of a look now and of one each second, until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    listener(this.look())
    this.#schedule()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      this.#cancel?.()
      this.#cancel = null
    }
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(interval, () => {
      this.#cancel = null
      this.#tell()
      if (this.#listeners.size > 0) this.#schedule()
    })
  }

  /** What cannot be looked at now, for want of descriptors, is looked at in a second. */
  #tell(): void {
    let measurement: Measurement | null
    try {
      measurement = this.look()
    } catch {
      return
    }
    for (const listener of [...this.#listeners]) listener(measurement)
  }
}
