import type { EventMessage } from '@gantry/api'
import { GantryError } from '@gantry/errors'

/** A reader this far behind is dropped, so that it cannot fill the daemon's memory. */
const maximumWaiting = 10_000
/** setTimeout's longest delay, milliseconds. */
const longestTimeout = 2 ** 31 - 1

export interface SubscriptionOptions {
  /** What the reader gets first. */
  past: EventMessage[]
  accept: (event: EventMessage) => boolean
  /** Ends at this time. */
  until?: Date
  /** Ends without an error. */
  signal?: AbortSignal
  onClose: (closed: Subscription) => void
}

/** One reader of events: a bounded queue between whoever publishes and a client that may be slow. */
export class Subscription implements AsyncIterableIterator<EventMessage> {
  readonly #options: SubscriptionOptions
  #waiting: EventMessage[]
  #pending: PromiseWithResolvers<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #ended = false
  #overflow = false

  constructor(options: SubscriptionOptions) {
    this.#options = options
    this.#waiting = options.past
    options.signal?.addEventListener('abort', this.#abort, { once: true })
    if (options.signal?.aborted) this.#abort()
    else if (options.until) this.#endAt(options.until)
  }

  /** Whether it takes no more events. */
  get ended(): boolean {
    return this.#ended
  }

  /** Takes an event unless the reader did not ask for it. Never waits. */
  offer(event: EventMessage): void {
    if (this.#ended || !this.#options.accept(event)) return
    if (this.#waiting.length >= maximumWaiting) {
      this.#overflow = true
      this.#waiting = []
      this.finish()
      return
    }
    this.#waiting.push(event)
    this.#wake()
  }

  /** Nothing comes any more; what waits is still read. */
  finish(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#options.onClose(this)
    this.#wake()
  }

  async next(): Promise<IteratorResult<EventMessage>> {
    while (true) {
      const event = this.#waiting.shift()
      if (event) return { done: false, value: event }
      if (this.#overflow) throw new GantryError('Unavailable', 'the reader of events is too slow')
      if (this.#ended) return { done: true, value: undefined }
      this.#pending ??= Promise.withResolvers()
      await this.#pending.promise
    }
  }

  async return(): Promise<IteratorResult<EventMessage>> {
    this.#abort()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #abort = (): void => {
    this.#waiting = []
    this.finish()
  }

  #endAt(until: Date): void {
    const left = until.getTime() - Date.now()
    this.#timer = setTimeout(
      () => (left > longestTimeout ? this.#endAt(until) : this.finish()),
      Math.max(0, Math.min(left, longestTimeout)),
    )
  }

  #wake(): void {
    this.#pending?.resolve()
    this.#pending = null
  }
}
