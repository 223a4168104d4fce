/**
 * Work that several builds want at once is done once. It goes on as long as one of them wants it, and is aborted when
 * the last has gone.
 */

/** One build that wants the work. */
export interface Participant<T, R> {
  /** Aborted when it does not want it any more. */
  signal: AbortSignal
  /** Where it hears of what happens. */
  report: R
  /**
   * The work reads what is this participant's own (its context, its secrets), so that it cannot outlive its stay: when
   * it leaves, another one begins anew, and its failures are its own.
   */
  lends: boolean
  /** `audience` are the reports of whoever waits for the work by then. */
  begin(signal: AbortSignal, audience: ReadonlySet<R>): Promise<T>
}

interface Work<T, R> {
  owner: Participant<T, R>
  result: Promise<T>
  abort: AbortController
  audience: Set<R>
}

export class SharedWork<T, R> {
  readonly #running = new Map<string, Work<T, R>>()

  /** Joins the work of that key, or begins it. Rejects with the reason of the signal as soon as that is aborted. */
  async join(key: string, participant: Participant<T, R>): Promise<T> {
    for (;;) {
      participant.signal.throwIfAborted()
      const work = this.#running.get(key) ?? this.#begin(key, participant)
      try {
        return await this.#await(work, participant)
      } catch (error) {
        const isOwn = work.owner === participant || participant.signal.aborted
        const mayBeOthers = work.owner.lends || participant.lends || work.abort.signal.aborted
        if (isOwn || !mayBeOthers) throw error
        // What went wrong may be the other's inputs, or its leaving: this one begins anew.
      }
    }
  }

  async #await(work: Work<T, R>, participant: Participant<T, R>): Promise<T> {
    const { signal, report, lends } = participant
    const isLender = lends && work.owner === participant
    const gone = Promise.withResolvers<never>()
    const leave = (): void => gone.reject(signal.reason)
    work.audience.add(report)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([work.result, gone.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      work.audience.delete(report)
      if (signal.aborted && (work.audience.size === 0 || isLender)) {
        work.abort.abort(signal.reason)
        // Whoever cancelled may rely on nothing of it being left, and takes back what it had lent.
        await work.result.catch(() => undefined)
      }
    }
  }

  #begin(key: string, owner: Participant<T, R>): Work<T, R> {
    const abort = new AbortController()
    const audience = new Set<R>()
    const result = owner.begin(abort.signal, audience).finally(() => this.#running.delete(key))
    result.catch(() => undefined) // those who wait see it
    const work = { owner, result, abort, audience }
    this.#running.set(key, work)
    return work
  }
}
