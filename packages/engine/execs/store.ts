import { GantryError } from '@gantry/errors'
import type { Table } from '@gantry/store'
import type { Clock } from '../containers/clock.ts'
import type { Container } from '../containers/container.ts'
import { parseDetachKeys } from '../containers/detach-keys.ts'
import type { Registry } from '../containers/registry.ts'
import type { ExecCreateRequest } from '../contracts.ts'
import { Exec, type ExecRecord } from './exec.ts'

/** Milliseconds for which an ended exec can be asked for its exit code. */
const keptFor = 5 * 60_000
/** How many execs that ended, and how many that were never started, are kept at most: the oldest go first. */
const mostKept = 1000

/** All execs by id: the table in memory. Every change is in the database before it is seen here. */
export class ExecStore {
  readonly #table: Table<ExecRecord>
  readonly #clock: Clock
  readonly #dropping: (exec: Exec) => void
  readonly #byId = new Map<string, Exec>()
  /** In order of their creation and of their end. */
  readonly #idle = { created: new Set<Exec>(), exited: new Set<Exec>() }
  /** Calls off the end of their time. */
  readonly #ends = new Map<Exec, () => void>()
  readonly #watched = new Set<Container>()

  /**
   * Takes up what an earlier daemon has kept; rows of containers that are gone are deleted. `dropping` is called for each
   * before it is forgotten.
   */
  constructor(
    table: Table<ExecRecord>,
    registry: Registry,
    clock: Clock,
    dropping: (exec: Exec) => void = () => {},
  ) {
    this.#dropping = dropping
    this.#table = table
    this.#clock = clock
    for (const record of table.values()) {
      const container = registry.byId(record.container)
      if (container) this.#keep(record, container)
      else table.delete(record.id)
    }
  }

  insert(id: string, container: Container, request: ExecCreateRequest): Exec {
    const record: ExecRecord = {
      id,
      container: container.id,
      request,
      state: 'created',
      exitCode: null,
      pid: 0,
      endedAt: null,
    }
    const exec = this.#keep(record, container)
    this.#table.set(id, record)
    return exec
  }

  /** Throws InvalidParameter for detach keys that are none. */
  #keep(record: ExecRecord, container: Container): Exec {
    const exec = new Exec(record, container, parseDetachKeys(record.request.detachKeys ?? ''))
    this.#byId.set(record.id, exec)
    if (record.state !== 'exited') container.execs.add(record.id)
    this.#file(exec)
    this.#watch(container)
    return exec
  }

  /** Throws NotFound. */
  find(id: string): Exec {
    const exec = this.#byId.get(id)
    if (!exec) throw new GantryError('NotFound', `No such exec instance: ${id}`)
    return exec
  }

  /** Those of a container that have not ended. */
  ofContainer(container: Container): Exec[] {
    return [...container.execs].flatMap((id) => this.#byId.get(id) ?? [])
  }

  update(exec: Exec, changes: Partial<ExecRecord>): void {
    const record = { ...exec.record, ...changes }
    if (this.#byId.has(exec.id)) this.#table.set(exec.id, record)
    exec.record = record
    this.#file(exec)
  }

  /** It can be asked for its exit code for a while. */
  end(exec: Exec, exitCode: number): void {
    const endedAt = this.#clock.now().toISOString()
    // Its environment may hold secrets, and nobody will need it any more.
    const { env: _, ...request } = exec.record.request
    exec.task = null
    exec.container.execs.delete(exec.id)
    this.update(exec, { state: 'exited', exitCode, endedAt, request })
    exec.started.resolve()
  }

  /** Counts it among the idle, of which only so many are kept. */
  #file(exec: Exec): void {
    const { state, endedAt } = exec.record
    const { created, exited } = this.#idle
    created.delete(exec)
    if (!this.#byId.has(exec.id) || exited.has(exec)) return
    const idle = state === 'created' ? created : state === 'exited' ? exited : null
    if (!idle) return
    idle.add(exec)
    if (endedAt) {
      const left = Date.parse(endedAt) + keptFor - this.#clock.now().getTime()
      this.#ends.set(
        exec,
        this.#clock.after(Math.max(0, left), () => this.#drop(exec)),
      )
    }
    const [oldest] = idle
    if (oldest && idle.size > mostKept) this.#drop(oldest)
  }

  #drop(exec: Exec): void {
    if (!this.#byId.delete(exec.id)) return
    try {
      this.#dropping(exec)
      this.#table.delete(exec.id)
    } catch {
      // A full or broken disk: the next daemon finds the row, and that its time is over.
    }
    this.#ends.get(exec)?.()
    this.#ends.delete(exec)
    this.#idle.created.delete(exec)
    this.#idle.exited.delete(exec)
    exec.container.execs.delete(exec.id)
  }

  /** Execs go with their container. */
  #watch(container: Container): void {
    if (this.#watched.has(container)) return
    this.#watched.add(container)
    container.observe({
      removed: () => {
        this.#watched.delete(container)
        for (const exec of [...this.#byId.values()]) if (exec.container === container) this.#drop(exec)
      },
    })
  }
}
