import type { Table } from '@gantry/store'

/**
 * A table that is listed much more often than it changes: its rows are kept as they were read until one is written, or
 * until memory is wanted for something else. Rows are values: whoever changes one writes another.
 */
export class ListedTable<T> implements Table<T> {
  readonly #table: Table<T>
  #rows: WeakRef<readonly T[]> | undefined

  constructor(table: Table<T>) {
    this.#table = table
  }

  get(key: string): T | undefined {
    return this.#table.get(key)
  }

  set(key: string, value: T): void {
    this.forget()
    this.#table.set(key, value)
  }

  delete(key: string): boolean {
    this.forget()
    return this.#table.delete(key)
  }

  values(): T[] {
    const known = this.#rows?.deref()
    if (known) return [...known]
    const rows = this.#table.values()
    this.#rows = new WeakRef(rows)
    return [...rows]
  }

  /** For when writes have been taken back. */
  forget(): void {
    this.#rows = undefined
  }
}
