/** One lock for each key: work on the same key runs one after the other, in the order it was asked for. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs `work` once everything asked for earlier under this key has ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const before = this.#tails.get(key)
    this.#tails.set(key, done)
    await before
    try {
      return await work()
    } finally {
      resolve()
      if (this.#tails.get(key) === done) this.#tails.delete(key)
    }
  }
}
