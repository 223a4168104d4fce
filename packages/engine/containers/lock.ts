/** Lets one async section at a time through, in the order of asking. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` when all who asked before have finished; passes its result or error through. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {})
    return mine
  }
}
