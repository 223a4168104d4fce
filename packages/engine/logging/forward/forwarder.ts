import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@gantry/errors'
import { type LogFiles, type LogPlace, type PlacedBlock, readLogFrom } from '@gantry/runtime'
import type { Destination } from './destination.ts'
import { LineAssembler, type LogMessage, type PendingLines } from './message.ts'

/** How far a log has been handed on. */
export interface ForwardState extends LogPlace {
  /** Of lines that were begun before this place. */
  pending?: PendingLines
  /** Lines that were given up, in non-blocking mode. */
  dropped?: number
}

export interface ForwarderParts {
  files: LogFiles
  destination: Destination
  state: ForwardState
  /** Writes down how far it came, durably. */
  save(state: ForwardState): void
  /** Called when a file is no longer needed. */
  released(): void
  /** Bytes that may wait, in non-blocking mode; null: lines wait in the log for as long as it takes. */
  maxBuffer: number | null
  warn(message: string): void
}

/** Bytes of the log that are read and sent at a time. */
const blockBytes = 64 * 1024
/** Least time between two times of writing down the place, in milliseconds. */
const saveInterval = 100
/** How often it is looked whether too much waits, in milliseconds. */
const stallInterval = 1000

/**
 * Hands a container's lines on, from the file that conmon writes: a slow destination holds up neither the container nor the
 * daemon, and what was not handed on when the daemon ended is handed on by the next one. A line may be sent twice, after a
 * failure or a kill; none is left out.
 */
export class Forwarder {
  readonly #parts: ForwarderParts
  readonly #stop = new AbortController()
  readonly #assembler: LineAssembler
  #place: LogPlace
  /** What the assembler held at that place. */
  #pending: PendingLines
  #dropped: number
  /** The file of the place that was written down last: what a later daemon would go on with. */
  #savedNumber: number
  #saveTimer: NodeJS.Timeout | null = null
  /** The destination has not taken anything since something was given up. */
  #stalled = false
  #complaint = ''

  constructor(parts: ForwarderParts) {
    const { number, offset, pending = {}, dropped = 0 } = parts.state
    this.#parts = parts
    this.#place = { number, offset }
    this.#pending = pending
    this.#savedNumber = number
    this.#dropped = dropped
    this.#assembler = new LineAssembler(pending)
  }

  /** The oldest file that is still needed. */
  get neededFrom(): number {
    return this.#savedNumber
  }

  get state(): ForwardState {
    return {
      ...this.#place,
      ...(Object.keys(this.#pending).length > 0 && { pending: this.#pending }),
      ...(this.#dropped > 0 && { dropped: this.#dropped }),
    }
  }

  /** Resolves once `ended` has settled and everything has been handed on, or after `stop`. */
  async run(ended: Promise<unknown>): Promise<void> {
    const { files, destination } = this.#parts
    const reading = { position: this.#place, size: blockBytes, signal: this.#stop.signal }
    try {
      for await (const block of readLogFrom(files, reading, ended)) {
        if (!(await this.#handOn(block))) return
      }
      if (this.#stop.signal.aborted) return
      if (await this.#deliver(this.#assembler.flush())) this.#pending = {}
    } finally {
      this.#save()
      destination.close()
    }
  }

  /** At once; what is under way may be sent again later. */
  stop(): void {
    this.#stop.abort()
  }

  /** False when it is to stop. */
  async #handOn({ bytes, end }: PlacedBlock): Promise<boolean> {
    const messages = this.#assembler.add(bytes)
    const over = this.#stalled && this.#isTooMuch()
    if (over) this.#drop(messages)
    else if (messages.length > 0 && !(await this.#deliver(messages))) return false
    this.#place = end
    this.#pending = this.#assembler.pending
    this.#saveTimer ??= setTimeout(() => this.#save(), saveInterval)
    return !this.#stop.signal.aborted
  }

  #save(): void {
    if (this.#saveTimer) clearTimeout(this.#saveTimer)
    this.#saveTimer = null
    try {
      this.#parts.save(this.state)
    } catch (error) {
      // The disk is full: what was sent since may be sent again.
      this.#complain(messageOf(error))
      return
    }
    const released = this.#place.number > this.#savedNumber
    this.#savedNumber = this.#place.number
    if (released) this.#parts.released()
  }

  /** Tries until the messages are taken, or given up in non-blocking mode. False when it is to stop. */
  async #deliver(messages: readonly LogMessage[]): Promise<boolean> {
    const { destination } = this.#parts
    for (let attempt = 1; messages.length > 0; attempt++) {
      const outcome = await this.#try(messages)
      if (outcome === 'sent') break
      if (this.#stop.signal.aborted) return false
      const tried = attempt > destination.maxRetries && this.#parts.maxBuffer !== null
      if (outcome === 'stalled' || tried || this.#isTooMuch()) {
        this.#stalled = true
        this.#drop(messages)
        return true
      }
      await sleep(destination.retryDelay(attempt), undefined, { signal: this.#stop.signal }).catch(() => {})
      if (this.#stop.signal.aborted) return false
    }
    return true
  }

  async #try(messages: readonly LogMessage[]): Promise<'sent' | 'failed' | 'stalled'> {
    const limit = new AbortController()
    const signal = AbortSignal.any([limit.signal, this.#stop.signal])
    const timer =
      this.#parts.maxBuffer === null
        ? null
        : setInterval(() => this.#isTooMuch() && limit.abort(), stallInterval)
    try {
      await this.#parts.destination.send(messages, signal)
      this.#stalled = false
      this.#complaint = ''
      return 'sent'
    } catch (error) {
      if (limit.signal.aborted) return 'stalled'
      if (!this.#stop.signal.aborted) this.#complain(messageOf(error))
      return 'failed'
    } finally {
      if (timer) clearInterval(timer)
    }
  }

  #drop(messages: readonly LogMessage[]): void {
    if (messages.length === 0) return
    this.#dropped += messages.length
    this.#complain('lines are dropped, as the destination does not take them')
  }

  #isTooMuch(): boolean {
    const { maxBuffer } = this.#parts
    return maxBuffer !== null && backlogOf(this.#parts.files, this.#place) > maxBuffer
  }

  /** Says a thing once, however often it happens. */
  #complain(message: string): void {
    if (message !== this.#complaint) this.#parts.warn(message)
    this.#complaint = message
  }
}

/** Bytes in the log behind a place. */
export function backlogOf(files: LogFiles, place: LogPlace): number {
  let bytes = -place.offset
  for (let number = place.number; number <= files.current; number++) bytes += sizeOf(files, number)
  return Math.max(bytes, 0)
}

function sizeOf(files: LogFiles, number: number): number {
  const path = number === files.current ? files.path : files.rotatedPath(number)
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
