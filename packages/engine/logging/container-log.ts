import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@gantry/errors'
import {
  LogFiles,
  LogRotation,
  type LogState,
  type Reopen,
  type RotationFaults,
  type RotationLimits,
  type SizeWatch,
  type Task,
} from '@gantry/runtime'
import type { Destination } from './forward/destination.ts'
import { backlogOf, Forwarder, type ForwardState } from './forward/forwarder.ts'

/** What is remembered of a log: nothing as long as it was neither rotated nor handed on. */
export interface LogMemory extends LogState {
  forwarded?: ForwardState
}

export interface ContainerLogParts {
  id: string
  path: string
  limits: RotationLimits
  memory: LogMemory | undefined
  /** Writes it down, durably. */
  remember(memory: LogMemory): void
  /** Null for a log that stays where it is. */
  forwarding: Forwarding | null
  sizes: SizeWatch
  faults: RotationFaults
  warn(message: string): void
}

export interface Forwarding {
  open(): Destination
  /** Bytes that may wait in non-blocking mode, otherwise null. */
  maxBuffer: number | null
}

/** One container's log while the daemon knows of it: its files, what keeps them within their limits, and what hands them on. */
export class ContainerLog {
  readonly files: LogFiles
  readonly #parts: ContainerLogParts
  readonly #rotation: LogRotation
  #memory: LogMemory
  #task: Task | null = null
  #unwatch: (() => void) | null = null
  #forwarder: Forwarder | null = null
  /** Settles when no forwarder is at work. */
  #forwarding: Promise<void> = Promise.resolve()
  #recovered = false
  #complaint = ''

  constructor(parts: ContainerLogParts) {
    const { path, limits, memory = { rotated: 0 }, faults } = parts
    this.#parts = parts
    this.#memory = memory
    this.files = new LogFiles(path, memory)
    this.#rotation = new LogRotation({
      files: this.files,
      limits,
      record: ({ rotated, rotating, cleared }) => this.#remember({ rotated, rotating, cleared }),
      needed: () => (parts.forwarding ? this.#neededFrom : Number.POSITIVE_INFINITY),
      faults,
    })
  }

  /** conmon writes it now, for a task that has just been made or that an earlier daemon started. */
  follow(task: Task): void {
    this.#task = task
    const { limits, sizes } = this.#parts
    void this.#recoverOnce()
    this.#unwatch?.()
    if (Number.isFinite(limits.maxBytes))
      this.#unwatch = sizes.add(this.files.path, limits.maxBytes, () => this.#rotate())
    this.#forward(task.exit)
  }

  /** Nobody writes it any more, until the next start. */
  async end(): Promise<void> {
    this.#task = null
    this.#unwatch?.()
    this.#unwatch = null
    await this.#try(() => this.#rotation.end())
  }

  /** For a log that nobody writes: finishes what an earlier daemon did not. */
  async recover(): Promise<void> {
    await this.#recoverOnce()
    if (this.hasBacklog) this.#forward(Promise.resolve())
  }

  /** What was never rotated cannot have been interrupted. */
  async #recoverOnce(): Promise<void> {
    const { memory } = this.#parts
    if (!memory || this.#recovered) return
    this.#recovered = true
    await this.#try(() => this.#rotation.recover(memory, this.#reopen()))
  }

  /** False when conmon is held back by a client that does not read; then nothing is emptied. */
  clear(): Promise<boolean> {
    return this.#rotation.clear(this.#reopen())
  }

  /** Whether there is something that was not handed on. */
  get hasBacklog(): boolean {
    if (!this.#parts.forwarding) return false
    const state = this.#forwarder?.state ?? this.#forwarded
    return state.pending !== undefined || backlogOf(this.files, state) > 0
  }

  /** Resolves when everything has been handed on, or when this many milliseconds have passed. */
  async drained(milliseconds: number): Promise<void> {
    if (this.hasBacklog) await Promise.race([this.#forwarding, sleep(milliseconds)])
  }

  /** Resolves when no forwarder is at work: everything has been handed on, or it was stopped. */
  get forwarding(): Promise<void> {
    return this.#forwarding
  }

  /** What is not handed on by now is left to whoever opens this log next. */
  async stop(): Promise<LogMemory> {
    this.#forwarder?.stop()
    await Promise.all([this.#forwarding, this.#rotation.stop()])
    return this.#memory
  }

  get #forwarded(): ForwardState {
    return this.#memory.forwarded ?? { number: 1, offset: 0 }
  }

  get #neededFrom(): number {
    return this.#forwarder?.neededFrom ?? this.#forwarded.number
  }

  /** One forwarder at a time: that of the run before may still be catching up. */
  #forward(ended: Promise<unknown>): void {
    const { forwarding } = this.#parts
    if (!forwarding) return
    this.#forwarder?.stop()
    const mine = this.#forwarding.then(async () => {
      const forwarder = new Forwarder({
        files: this.files,
        destination: forwarding.open(),
        state: this.#forwarded,
        save: (forwarded) => this.#remember({ forwarded }),
        released: () => void this.#try(() => this.#rotation.tidy()),
        maxBuffer: forwarding.maxBuffer,
        warn: (message) => this.#parts.warn(`container ${this.#parts.id}: log: ${message}`),
      })
      this.#forwarder = forwarder
      await forwarder.run(ended)
    })
    this.#forwarding = mine.catch((error) => this.#complain(messageOf(error)))
  }

  #remember(changes: Partial<{ [K in keyof LogMemory]: LogMemory[K] | undefined }>): void {
    this.#memory = { ...this.#memory, ...changes } as LogMemory
    this.#parts.remember(this.#memory)
  }

  async #rotate(): Promise<boolean> {
    const done = (await this.#try(() => this.#rotation.rotate(this.#reopen()))) ?? false
    if (done) void this.#try(() => this.#rotation.tidy())
    return done
  }

  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      this.#complaint = ''
      return result
    } catch (error) {
      this.#complain(messageOf(error))
      return undefined
    }
  }

  /** Says once what is wrong, however often it is tried again. */
  #complain(message: string): void {
    if (message !== this.#complaint) this.#parts.warn(`container ${this.#parts.id}: log: ${message}`)
    this.#complaint = message
  }

  #reopen(): Reopen {
    const task = this.#task
    return task && (() => task.reopenLog())
  }
}
