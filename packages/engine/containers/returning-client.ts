import type { Clock } from './clock.ts'
import type { ContainerRecord } from './record.ts'

/** Milliseconds in which clients of an earlier daemon find their way back. */
const patience = 30_000

/**
 * A client that was attached to a container when an earlier daemon ended. What the container has written since is only in
 * its log: one that removes itself waits for the client, which may come and read it.
 */
export class ReturningClient {
  readonly #gone = Promise.withResolvers<void>()
  #readers = 0
  #late = false

  constructor(clock: Clock) {
    clock.after(patience, () => {
      this.#late = true
      this.#leave(0)
    })
  }

  /** Settles when it has read everything, or has not come in time. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  /** Passes a log on that the client reads from where it was; the client has been served when that is over. */
  async *serve<T>(blocks: AsyncIterable<T>): AsyncGenerator<T> {
    this.#readers++
    try {
      yield* blocks
      this.#late = true
    } finally {
      this.#leave(1)
    }
  }

  #leave(readers: number): void {
    this.#readers -= readers
    if (this.#late && this.#readers === 0) this.#gone.resolve()
  }
}

/** Whether somebody may come back to read what a container says before it removes itself. */
export function mayReturn({ config, hostConfig }: Pick<ContainerRecord, 'config' | 'hostConfig'>): boolean {
  return Boolean(hostConfig.AutoRemove && (config.AttachStdout || config.AttachStderr))
}
