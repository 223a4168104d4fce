import { GantryError } from '@gantry/errors'
import type { Table } from '@gantry/store'
import { Container } from './container.ts'
import type { ContainerRecord } from './record.ts'

/** All containers by id and name: the table in memory. Every change is in the database before it is seen here. */
export class Registry {
  readonly #table: Table<ContainerRecord>
  readonly #byId = new Map<string, Container>()
  readonly #byName = new Map<string, Container>()

  constructor(table: Table<ContainerRecord>) {
    this.#table = table
    for (const record of table.values()) this.#keep(new Container(record))
  }

  #keep(container: Container): void {
    this.#byId.set(container.id, container)
    this.#byName.set(container.record.name, container)
  }

  /** Oldest first. */
  all(): Container[] {
    return [...this.#byId.values()]
  }

  /** Throws Conflict when the name is taken. */
  insert(record: ContainerRecord): Container {
    this.assertNameFree(record.name)
    this.#table.set(record.id, record)
    const container = new Container(record)
    this.#keep(container)
    return container
  }

  /** Writes the changed fields to the database, then to the container. */
  update(container: Container, changes: Partial<ContainerRecord>): void {
    const record = { ...container.record, ...changes }
    if (container.gone) throw notFound(container.id)
    this.#table.set(record.id, record)
    if (record.name !== container.record.name) {
      this.#byName.delete(container.record.name)
      this.#byName.set(record.name, container)
    }
    container.record = record
    for (const observer of [...container.observers]) observer.changed?.()
  }

  /**
   * As `update`, also when the row cannot be written: only for what the next daemon would make of the row as it stands.
   * Returns why it could not.
   */
  settle(container: Container, changes: Partial<ContainerRecord>): unknown {
    try {
      this.update(container, changes)
      return null
    } catch (error) {
      container.record = { ...container.record, ...changes }
      for (const observer of [...container.observers]) observer.changed?.()
      return error
    }
  }

  delete(container: Container): void {
    this.#table.delete(container.id)
    this.#byId.delete(container.id)
    this.#byName.delete(container.record.name)
    container.gone = true
  }

  nameTaken(name: string): boolean {
    return this.#byName.has(name)
  }

  assertNameFree(name: string): void {
    const holder = this.#byName.get(name)
    if (!holder) return
    throw new GantryError(
      'Conflict',
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
    )
  }

  byId(id: string): Container | undefined {
    return this.#byId.get(id)
  }

  /** By full id, name (with or without the slash), name by a link (`container/alias`), or unambiguous id prefix. */
  find(reference: string): Container {
    if (reference === '') throw new GantryError('InvalidParameter', 'invalid name or ID supplied: ""')
    const exact = this.#byId.get(reference) ?? this.#byName.get(reference.replace(/^\//, ''))
    return exact ?? this.#byLink(reference) ?? this.#byPrefix(reference)
  }

  #byLink(reference: string): Container | undefined {
    const [parent = '', alias, ...more] = reference.replace(/^\//, '').split('/')
    if (alias === undefined || more.length > 0) return undefined
    const link = this.#byName.get(parent)?.record.links?.find((one) => one.alias === alias)
    return link && this.#byId.get(link.target)
  }

  #byPrefix(prefix: string): Container {
    const found = /^[0-9a-f]{1,64}$/.test(prefix) ? this.all().filter((one) => one.id.startsWith(prefix)) : []
    if (found.length > 1) {
      throw new GantryError('InvalidParameter', `multiple IDs found with provided prefix: ${prefix}`)
    }
    const [only] = found
    if (!only) throw notFound(prefix)
    return only
  }
}

/** For a name, an id or the beginning of one that no container has; in Docker's words. */
export function notFound(reference: string): GantryError {
  return new GantryError('NotFound', `No such container: ${reference}`)
}
