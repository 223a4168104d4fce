/** Lets one async section at a time through, in the order of asking. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()
  #asked = 0

  /** Whether somebody waits for the present section to end. */
  get contended(): boolean {
    return this.#asked > 1
  }

  /** Runs `work` when all who asked before have finished; passes its result or error through. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#asked++
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {}).finally(() => this.#asked--)
    return mine
  }
}
