import type { Table } from '@gantry/store'

/**
 * A table that is listed much more often than it changes: its rows are kept as they were read, and follow what is written,
 * until memory is wanted for something else. Rows are values: whoever changes one writes another.
 */
export class ListedTable<T> implements Table<T> {
  readonly #table: Table<T>
  readonly #keyOf: (row: T) => string
  #rows: WeakRef<Map<string, T>> | undefined

  /** `keyOf` tells the key of a row that was read. */
  constructor(table: Table<T>, keyOf: (row: T) => string) {
    this.#table = table
    this.#keyOf = keyOf
  }

  get(key: string): T | undefined {
    return this.#table.get(key)
  }

  set(key: string, value: T): void {
    this.#table.set(key, value)
    this.#rows?.deref()?.set(key, value)
  }

  delete(key: string): boolean {
    const wasThere = this.#table.delete(key)
    this.#rows?.deref()?.delete(key)
    return wasThere
  }

  values(): T[] {
    const known = this.#rows?.deref()
    if (known) return [...known.values()]
    const rows = new Map(this.#table.values().map((row) => [this.#keyOf(row), row]))
    this.#rows = new WeakRef(rows)
    return [...rows.values()]
  }

  /** For when writes have been taken back. */
  forget(): void {
    this.#rows = undefined
  }
}
