import type { EventMessage } from '@gantry/api'
import type { Table } from '@gantry/store'
import type { EventQuery, Events, EventType } from '../../contracts.ts'
import { passes } from './filter.ts'
import { Subscription } from './subscription.ts'

/** An event as it is kept; the number orders events whatever the clock does. */
export interface StoredEvent {
  number: number
  message: EventMessage
}

export interface EventsOptions {
  table: Table<StoredEvent>
  /** How many events are kept for `since`. */
  capacity?: number
  now?: () => Date
}

/** Above this, the clock has been set back and the order of times gives way to the right time. Microseconds. */
const clockSetBack = 60_000_000

/** The engine's events, and how many listen to them. */
export interface EventLog extends Events {
  readonly listeners: number
}

/** Makes the engine's events, with the tail that an earlier daemon left. */
export function createEvents(options: EventsOptions): EventLog {
  return new PersistentEvents(options)
}

class PersistentEvents implements EventLog {
  readonly #table: Table<StoredEvent>
  readonly #capacity: number
  readonly #now: () => Date
  /** The last `#capacity` events, oldest first. */
  readonly #tail: EventMessage[]
  readonly #subscriptions = new Set<Subscription>()
  #next: number
  #lastMicros: number

  constructor({ table, capacity = 1000, now = () => new Date() }: EventsOptions) {
    this.#table = table
    this.#capacity = capacity
    this.#now = now
    const stored = table.values().sort((a, b) => a.number - b.number)
    this.#tail = stored.slice(-capacity).map(({ message }) => message)
    this.#next = (stored.at(-1)?.number ?? -1) + 1
    this.#lastMicros = Math.round((this.#tail.at(-1)?.timeNano ?? 0) / 1000)
  }

  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void {
    const micros = this.#tick()
    const message: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(micros / 1_000_000),
      // Beyond 2^53, but doubles are 256 apart here: every microsecond stays distinct and is written out exactly.
      timeNano: micros * 1000,
    }
    this.#keep(message)
    for (const subscription of this.#subscriptions) subscription.offer(message)
  }

  get listeners(): number {
    return this.#subscriptions.size
  }

  /**
   * Rows are used in turn, so that keeping an event costs one write and the table does not grow. What has happened is told
   * and goes on when that fails, as on a full disk: only the next daemon will not know of it.
   */
  #keep(message: EventMessage): void {
    try {
      this.#table.set(String(this.#next % this.#capacity), { number: this.#next, message })
    } catch {
      // The tail has it.
    }
    this.#next++
    this.#tail.push(message)
    if (this.#tail.length > this.#capacity) this.#tail.shift()
  }

  /** Microseconds since 1970, later than any time given out before. */
  #tick(): number {
    const now = this.#now().getTime() * 1000
    const ahead = this.#lastMicros - now
    this.#lastMicros = ahead >= 0 && ahead < clockSetBack ? this.#lastMicros + 1 : now
    return this.#lastMicros
  }

  subscribe(query: EventQuery): AsyncIterable<EventMessage> {
    const { until, filters = {}, signal } = query
    const subscription = new Subscription({
      past: this.#past(query),
      accept: (event) => passes(event, filters),
      onClose: (closed) => this.#subscriptions.delete(closed),
      ...(until && { until }),
      ...(signal && { signal }),
    })
    if (until && until <= this.#now()) subscription.finish()
    if (!subscription.ended) this.#subscriptions.add(subscription)
    return subscription
  }

  #past({ since, until, filters = {} }: EventQuery): EventMessage[] {
    if (!since && !until) return []
    const from = since ? since.getTime() * 1e6 : 0
    const to = until ? until.getTime() * 1e6 : Number.POSITIVE_INFINITY
    return this.#tail.filter(
      (event) => (event.timeNano ?? 0) >= from && (event.timeNano ?? 0) <= to && passes(event, filters),
    )
  }
}
