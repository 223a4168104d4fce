/** With what input steps ran whose results the cache has no more: what they made goes, why they run again can be told. */
import type { EarlierRun, EarlierRunTable } from '../contracts.ts'

/** How many are kept, the last ones, and of how many characters at most. */
const most = 1000
const largest = 16 << 10

export class EarlierRuns {
  readonly #table: EarlierRunTable
  /** Least recently noted first; filled when it is first asked for. */
  #known: Set<string> | null = null

  constructor(table: EarlierRunTable) {
    this.#table = table
  }

  /** Keeps the later one of a step that is known already. */
  note(run: EarlierRun): void {
    const { description, usedAt, inputs } = run
    const size = Object.values(inputs).reduce((sum, input) => sum + input.length, description.length)
    if (size > largest) return
    const known = this.#descriptions()
    if ((this.#table.get(description)?.usedAt ?? '') > usedAt) return
    this.#table.set(description, run)
    known.delete(description)
    known.add(description)
    const [oldest] = known
    if (known.size <= most || oldest === undefined) return
    known.delete(oldest)
    this.#table.delete(oldest)
  }

  latest(description: string): EarlierRun | undefined {
    return this.#table.get(description)
  }

  #descriptions(): Set<string> {
    if (this.#known) return this.#known
    const byTime = this.#table.values().sort((a, b) => a.usedAt.localeCompare(b.usedAt))
    this.#known = new Set(byTime.map(({ description }) => description))
    return this.#known
  }
}
