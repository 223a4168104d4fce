import { type FSWatcher, watch } from 'node:fs'
import type { LogQuery } from '../contracts.ts'

/** How often a file is looked at that cannot be watched, in milliseconds. */
const pollInterval = 250

/** Rings when there may be more to read, when the process has ended, and when the reader is to stop. */
export class Bell implements Disposable {
  /** The reader went away. */
  stopped: boolean
  /** The process has ended, or `until` has passed: one more reading finds all there is. */
  ended = false
  #rang = false
  #wake: (() => void) | null = null
  #watcher: FSWatcher | null = null
  #poll: NodeJS.Timeout | null = null
  readonly #timer: NodeJS.Timeout | null
  readonly #reader: { atEnd: (() => void) | null } = { atEnd: null }
  readonly #query: LogQuery
  readonly #stop = () => {
    this.stopped = true
    this.ring()
  }

  constructor(query: LogQuery, ended: Promise<unknown>) {
    this.#query = query
    this.stopped = query.signal?.aborted === true
    query.signal?.addEventListener('abort', this.#stop)
    const atEnd = () => {
      this.ended = true
      this.ring()
    }
    this.#reader.atEnd = atEnd
    this.#timer =
      query.follow && query.until
        ? timer(query.until.seconds * 1000 + query.until.nanoseconds / 1e6, atEnd)
        : null
    if (query.follow) this.#callAtEnd(ended)
  }

  /** A promise keeps what waits for it, and a container may run for years: nothing of this reader stays but a function. */
  #callAtEnd(ended: Promise<unknown>): void {
    const reader = this.#reader
    const tell = () => reader.atEnd?.()
    ended.then(tell, tell)
  }

  /** Listens to one file, or to one name in a directory, instead of what it listened to before. */
  listen(path: string, name?: string): void {
    this.#watcher?.close()
    this.#watcher = null
    try {
      this.#watcher = watch(path, (_event, changed) => {
        if (name === undefined || changed === name) this.ring()
      })
      this.#watcher.on('error', () => this.ring())
    } catch (error) {
      // Renamed or removed meanwhile, of which the reader hears otherwise; or the host has no more watches to give.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#poll ??= setInterval(() => this.ring(), pollInterval)
    }
  }

  ring(): void {
    this.#rang = true
    this.#wake?.()
  }

  async wait(): Promise<void> {
    if (!this.#rang)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    this.#wake = null
    this.#rang = false
  }

  [Symbol.dispose](): void {
    this.#reader.atEnd = null
    this.#watcher?.close()
    if (this.#poll) clearInterval(this.#poll)
    if (this.#timer) clearTimeout(this.#timer)
    this.#query.signal?.removeEventListener('abort', this.#stop)
  }
}

/** Null for a moment that no timer can wait for. */
function timer(at: number, callback: () => void): NodeJS.Timeout | null {
  const left = at - Date.now()
  return left < 2 ** 31 ? setTimeout(callback, Math.max(left, 0)) : null
}
