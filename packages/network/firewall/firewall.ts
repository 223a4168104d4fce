import type { Nftables } from '@gantry/syscall'
import { adding, type Change, changeCommands, type Element, tableCommands } from './ruleset.ts'

/** Something that takes elements in and out of the table, all or none; each change is its own undo. */
export interface ElementTable {
  apply(changes: readonly Change[]): void
}

/**
 * The daemon's nftables table. Knows what should be in it, so that it can be made anew: at the start, and when somebody
 * flushed it behind our back.
 */
export class Firewall implements ElementTable {
  readonly #nftables: Nftables
  readonly #table: string
  readonly #elements = new Map<string, Element>()

  constructor(nftables: Nftables, table: string) {
    this.#nftables = nftables
    this.#table = table
  }

  /** Puts a table with exactly these elements in the place of the one that may be there. Connections go on. */
  rebuild(elements: readonly Element[]): void {
    this.#nftables.run(tableCommands(this.#table, elements))
    this.#elements.clear()
    this.#note(adding(elements))
  }

  /** Makes the changes in one transaction. Throws NftablesError; then none is made. */
  apply(changes: readonly Change[]): void {
    if (changes.length === 0) return
    try {
      this.#nftables.run(changeCommands(this.#table, changes))
    } catch {
      this.#applyToAll(changes)
    }
    this.#note(changes)
  }

  /** Makes the table again when it is gone. Returns whether it was. */
  repair(): boolean {
    try {
      this.#nftables.run(`list chain inet ${this.#table} guard`)
      return false
    } catch {
      this.rebuild([...this.#elements.values()])
      return true
    }
  }

  /** Deletes the table. */
  remove(): void {
    this.#nftables.run(`table inet ${this.#table}\ndelete table inet ${this.#table}`)
    this.#elements.clear()
  }

  /** A change that does not fit what the kernel has: make all of it as it should be. */
  #applyToAll(changes: readonly Change[]): void {
    const wanted = new Map(this.#elements)
    for (const change of changes) note(wanted, change)
    this.#nftables.run(tableCommands(this.#table, [...wanted.values()]))
  }

  #note(changes: readonly Change[]): void {
    for (const change of changes) note(this.#elements, change)
  }
}

function note(elements: Map<string, Element>, { action, element }: Change): void {
  const key = `${element.set} ${element.key}`
  if (action === 'add') elements.set(key, element)
  else elements.delete(key)
}
