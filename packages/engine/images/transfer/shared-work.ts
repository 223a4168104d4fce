/** Work that several callers want at once is done once, and given up when the last of them has gone. */

interface Shared<T, M> {
  work: Promise<T>
  listeners: Set<(message: M) => void>
  last: M | undefined
  abort: AbortController
  /** Callers that have not gone. */
  wanted: number
}

/** What a caller gets of a shared piece of work. */
export interface Joined<T> {
  /** Ends with the work, or rejects with the signal's reason when this caller goes first. */
  result: Promise<T>
  /** The work itself, for other shared work that depends on it. */
  work: Promise<T>
}

export class SharedWork<T, M> {
  readonly #running = new Map<string, Shared<T, M>>()

  /**
   * Joins the work of this name; begins it when nobody is at it. `report` hears its messages, the last one that was sent
   * before included. The work's own signal is aborted once every caller's has been.
   */
  join(
    name: string,
    start: (report: (message: M) => void, signal: AbortSignal) => Promise<T>,
    report: (message: M) => void,
    signal: AbortSignal,
  ): Joined<T> {
    const shared = this.#find(name) ?? this.#begin(name, start)
    shared.wanted++
    shared.listeners.add(report)
    if (shared.last !== undefined) report(shared.last)
    return { result: this.#wait(shared, report, signal), work: shared.work }
  }

  /** Work that is being given up is not joined any more. */
  #find(name: string): Shared<T, M> | undefined {
    const shared = this.#running.get(name)
    return shared?.abort.signal.aborted ? undefined : shared
  }

  #begin(
    name: string,
    start: (report: (message: M) => void, signal: AbortSignal) => Promise<T>,
  ): Shared<T, M> {
    const before = this.#running.get(name)?.work
    const abort = new AbortController()
    const listeners = new Set<(message: M) => void>()
    const report = (message: M) => {
      shared.last = message
      for (const listener of listeners) listener(message)
    }
    const run = async () => {
      await before?.catch(() => {})
      abort.signal.throwIfAborted()
      return start(report, abort.signal)
    }
    const shared: Shared<T, M> = { work: run(), listeners, last: undefined, abort, wanted: 0 }
    this.#running.set(name, shared)
    const end = () => {
      if (this.#running.get(name) === shared) this.#running.delete(name)
    }
    shared.work.then(end, end)
    return shared
  }

  async #wait(shared: Shared<T, M>, report: (message: M) => void, signal: AbortSignal): Promise<T> {
    const gone = Promise.withResolvers<never>()
    gone.promise.catch(() => {})
    const leave = () => gone.reject(signal.reason)
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
    try {
      return await Promise.race([shared.work, gone.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      shared.listeners.delete(report)
      if (--shared.wanted === 0) shared.abort.abort(signal.reason)
    }
  }
}
