/**
 * Work that several builds want at once is done once. It goes on as long as one of them wants it, and is aborted when
 * the last has gone.
 */
export class SharedWork<T> {
  readonly #running = new Map<string, { result: Promise<T>; abort: AbortController; waiting: number }>()

  /** Joins the work of that key, or begins it. Rejects with the reason of `signal` as soon as that is aborted. */
  async join(key: string, signal: AbortSignal, begin: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const work = this.#running.get(key) ?? this.#begin(key, begin)
    work.waiting++
    const gone = Promise.withResolvers<never>()
    const leave = (): void => gone.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([work.result, gone.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      work.waiting--
      if (work.waiting === 0) {
        work.abort.abort(signal.reason)
        // Whoever cancelled may rely on nothing of it being left.
        if (signal.aborted) await work.result.catch(() => undefined)
      }
    }
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<T>) {
    const abort = new AbortController()
    const result = begin(abort.signal).finally(() => this.#running.delete(key))
    result.catch(() => undefined) // those who wait see it
    const work = { result, abort, waiting: 0 }
    this.#running.set(key, work)
    return work
  }
}
