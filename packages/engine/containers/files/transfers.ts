/** Archives on their way to and from clients: how many at once, and what becomes of those whose client stands still. */
import { availableParallelism } from 'node:os'
import { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'

/** Each has a thread, which takes some 25 megabytes. */
const mostTransfers = Math.max(4, Math.min(8, availableParallelism()))
/** A client that stands still for so long gives way to those who wait, in milliseconds. */
const longestPause = 10_000

/** The place of one archive. Disposing of it frees it, unless it carries an archive. */
export interface Transfer extends Disposable {
  /** Fires when the client has stood still for too long. */
  readonly signal: AbortSignal
  /** To be told when it is the client that is waited for, and when it no longer is. */
  readonly waits: (forClient: boolean) => void
  /** The archive, at its reader's pace. The place is free when it has been closed. */
  carry(archive: Readable): Readable
}

/**
 * A client that stops in the midst of an archive holds a thread and a few buffers. So there are only so many at a time; and
 * when others wait, those that stand still are ended. One that nobody waits for may stand still for as long as it likes.
 */
export class Transfers {
  readonly #limit: number
  readonly #patience: number
  readonly #running = new Set<Place>()
  readonly #waiting = new Set<() => void>()
  /** Places that run or are about to. */
  #taken = 0
  #timer: NodeJS.Timeout | null = null

  constructor({ limit = mostTransfers, patience = longestPause } = {}) {
    this.#limit = limit
    this.#patience = patience
  }

  /** Resolves when there is room; rejects with Cancelled when the signal fires before. */
  async begin(signal?: AbortSignal): Promise<Transfer> {
    // Whoever leaves hands his place on to the first who waits.
    if (this.#taken < this.#limit) this.#taken++
    else await this.#turn(signal)
    const place = new Place(() => this.#leave(place))
    this.#running.add(place)
    return place
  }

  async #turn(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => {
      this.#waiting.delete(resolve)
      reject(new GantryError('Cancelled', 'the client has gone'))
    }
    if (signal?.aborted) abort()
    else this.#waiting.add(resolve)
    this.#timer ??= setInterval(() => this.#makeRoom(), this.#patience / 10).unref()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  #leave(place: Place): void {
    if (!this.#running.delete(place)) return
    const [next] = this.#waiting
    if (next) this.#waiting.delete(next)
    if (next) next()
    else this.#taken--
    if (this.#waiting.size > 0 || !this.#timer) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  /** Ends as many as there are others waiting for. */
  #makeRoom(): void {
    const still = [...this.#running].filter((place) => place.standsFor >= this.#patience)
    still.sort((a, b) => b.standsFor - a.standsFor)
    for (const place of still.slice(0, this.#waiting.size)) place.end()
  }
}

class Place implements Transfer {
  readonly #leave: () => void
  readonly #ending = new AbortController()
  #carries = false
  /** Since when the client is waited for; null while it is not. */
  #since: number | null = null

  constructor(leave: () => void) {
    this.#leave = leave
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  readonly waits = (forClient: boolean): void => {
    this.#since = forClient ? performance.now() : null
  }

  carry(archive: Readable): Readable {
    this.#carries = true
    archive.once('close', this.#leave)
    this.signal.addEventListener('abort', () => archive.destroy(this.signal.reason))
    const body = Readable.from(this.#pieces(archive), { objectMode: false, highWaterMark: 1 })
    // One that was never read does not get as far as its archive.
    return body.once('close', () => archive.destroy())
  }

  async *#pieces(archive: Readable): AsyncGenerator<Buffer> {
    for await (const piece of archive) {
      this.waits(true)
      yield piece as Buffer
      this.waits(false)
    }
  }

  /** Milliseconds for which the client has stood still. */
  get standsFor(): number {
    return this.#since === null ? 0 : performance.now() - this.#since
  }

  end(): void {
    this.#ending.abort(new GantryError('Cancelled', 'the archive did not go on while others waited'))
  }

  [Symbol.dispose](): void {
    if (!this.#carries) this.#leave()
  }
}
