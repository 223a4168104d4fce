/** Output of a build that cannot be told yet, or not to a client that does not read: bounded, whatever steps write. */
import type { BuildEvent } from '@gantry/build'
import type { ProgressMessage } from '../contracts.ts'

/** Characters of output that are kept; of more, the last ones say most. */
const mostKept = 2 << 20

/** Messages that wait for their turn. */
export class KeptMessages {
  readonly #most: number
  #messages: ProgressMessage[] = []
  #size = 0
  #isClipped = false

  constructor(most = mostKept) {
    this.#most = most
  }

  add(message: ProgressMessage): void {
    this.#messages.push(message)
    this.#size += message.stream?.length ?? 0
    if (this.#size <= this.#most) return
    this.#isClipped = true
    let dropped = 0
    while (this.#size > this.#most / 2) this.#size -= this.#messages[dropped++]?.stream?.length ?? 0
    this.#messages.splice(0, dropped)
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0
  }

  /** All of them, in order; none is kept any longer. */
  take(): ProgressMessage[] {
    const clipped = this.#isClipped ? [{ stream: '[output clipped]\n' }] : []
    const messages = [...clipped, ...this.#messages]
    this.#messages = []
    this.#size = 0
    this.#isClipped = false
    return messages
  }
}

/** Leaves output of steps out while the client is behind with reading, and says so; all else is told. */
export class OutputLimit {
  readonly #isBehind: () => boolean
  /** Steps of which it has been said. */
  readonly #clipped = new Set<number>()

  constructor(isBehind: () => boolean) {
    this.#isBehind = isBehind
  }

  /** What to tell in place of the event, if anything. */
  limit(event: BuildEvent): BuildEvent | null {
    if (event.type !== 'log') return event
    if (!this.#isBehind()) {
      this.#clipped.delete(event.id)
      return event
    }
    if (this.#clipped.has(event.id)) return null
    this.#clipped.add(event.id)
    return { ...event, data: Buffer.from('[output clipped: the client reads too slowly]\n') }
  }
}
