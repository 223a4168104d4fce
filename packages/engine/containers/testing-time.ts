/** Time and waiting in unit tests. */

/** Time that goes on only when told to. */
export class FakeClock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  #timers: { at: number; callback: () => void }[] = []

  now = () => new Date(this.#now)

  after = (milliseconds: number, callback: () => void) => {
    const timer = { at: this.#now + milliseconds, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How many timers run. */
  get pending(): number {
    return this.#timers.length
  }

  /** Lets time pass, timer by timer, and whatever each of them causes. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      await settle()
    }
    this.#now = end
  }
}

/** Lets everything that is under way come to rest: promises, and the file system's answers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}
