/** A number of places for work that is done so many at a time. */
export class Slots {
  readonly #size: () => number
  #taken = 0
  readonly #waiting: (() => void)[] = []

  /** `size` is asked each time: it may change. */
  constructor(size: () => number) {
    this.#size = size
  }

  /** Runs the work when a place is free; `onWait` is called when it has to wait for one. Rejects with the signal's reason. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal, onWait: () => void = () => {}): Promise<T> {
    if (this.#taken >= this.#size()) {
      onWait()
      await this.#wait(signal)
    } else this.#taken++
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** A place, if one is free now, until it is disposed of. */
  tryEnter(): Disposable | null {
    if (this.#taken >= this.#size()) return null
    this.#taken++
    return { [Symbol.dispose]: () => this.#leave() }
  }

  /** The place goes to those who wait. */
  #leave(): void {
    this.#taken--
    while (this.#taken < this.#size()) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#taken++
      next()
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(enter)
    })
  }
}
