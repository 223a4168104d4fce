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

export interface ContainerLogParts {
  id: string
  path: string
  limits: RotationLimits
  /** Undefined for a log that was never rotated. */
  state: LogState | undefined
  record(state: LogState): void
  sizes: SizeWatch
  faults: RotationFaults
  warn(message: string): void
}

/** One container's log while the daemon knows of it: its files, and what keeps them within their limits. */
export class ContainerLog {
  readonly files: LogFiles
  readonly #parts: ContainerLogParts
  readonly #rotation: LogRotation
  #task: Task | null = null
  #unwatch: (() => void) | null = null
  #complaint = ''

  constructor(parts: ContainerLogParts) {
    const { path, limits, state, record, faults } = parts
    this.#parts = parts
    this.files = new LogFiles(path, state)
    const needed = () => Number.POSITIVE_INFINITY
    this.#rotation = new LogRotation({ files: this.files, limits, record, needed, faults })
  }

  /** conmon writes it now, for a task that has just been made or that an earlier daemon started. */
  follow(task: Task): void {
    this.#task = task
    const { state, limits, sizes } = this.#parts
    if (state) void this.#try(() => this.#rotation.recover(state, this.#reopen()))
    this.#unwatch?.()
    if (Number.isFinite(limits.maxBytes))
      this.#unwatch = sizes.add(this.files.path, limits.maxBytes, () => this.#rotate())
  }

  /** Nobody writes it any more, until the next start. */
  async end(): Promise<void> {
    this.#task = null
    this.#unwatch?.()
    this.#unwatch = null
    await this.#try(() => this.#rotation.end())
  }

  /** For a log whose container does not run. */
  async recover(): Promise<void> {
    const { state } = this.#parts
    if (state) await this.#try(() => this.#rotation.recover(state, null))
  }

  /** False when conmon is held back by a client that does not read; then nothing is emptied. */
  clear(): Promise<boolean> {
    return this.#rotation.clear(this.#reopen())
  }

  async #rotate(): Promise<boolean> {
    const done = (await this.#try(() => this.#rotation.rotate(this.#reopen()))) ?? false
    if (done) void this.#try(() => this.#rotation.tidy())
    return done
  }

  /** Says once what is wrong, however often it is tried again. */
  async #try<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      this.#complaint = ''
      return result
    } catch (error) {
      const message = messageOf(error)
      if (message !== this.#complaint) this.#parts.warn(`container ${this.#parts.id}: log: ${message}`)
      this.#complaint = message
      return undefined
    }
  }

  #reopen(): Reopen {
    const task = this.#task
    return task && (() => task.reopenLog())
  }
}
