/** So many at the same time and no more. */
export class Budget {
  #left: number

  constructor(maximum: number) {
    this.#left = maximum
  }

  /** False when all are taken. */
  take(): boolean {
    if (this.#left === 0) return false
    this.#left--
    return true
  }

  giveBack(): void {
    this.#left++
  }
}
