import { randomUUID } from 'node:crypto'

/** Persistence, as `store`'s Table offers it. */
export interface IdTable {
  get(key: string): string | undefined
  set(key: string, value: string): void
}

/** The engine's id: made once for a data root. */
export function engineId(table: IdTable): string {
  const known = table.get('id')
  if (known) return known
  const id = randomUUID()
  table.set('id', id)
  return id
}
