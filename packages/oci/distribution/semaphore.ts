/** Lets so many at a time pass; the others wait in order. */
export class Semaphore {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(places: number) {
    this.#free = places
  }

  /** Resolves with what gives the place back (once; more calls do nothing). Rejects with the signal's reason. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }

  #turn(signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = (): void => {
      const at = this.#waiting.indexOf(turn)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(signal?.reason)
    }
    const turn = (): void => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }
    this.#waiting.push(turn)
    signal?.addEventListener('abort', aborted, { once: true })
    return promise
  }
}
