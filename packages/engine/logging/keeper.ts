import { hostname } from 'node:os'
import { GantryError } from '@gantry/errors'
import {
  type LogBlock,
  type LogFiles,
  type LogQuery,
  type LogState,
  type RotationFaults,
  readLog,
  SizeWatch,
  type Task,
} from '@gantry/runtime'
import type { Table } from '@gantry/store'
import { logPath } from '../containers/paths.ts'
import type { ContainerRecord } from '../containers/record.ts'
import { ContainerLog } from './container-log.ts'
import { logDetails } from './details.ts'
import { driverOf, type LogConfig } from './drivers.ts'
import { boolean } from './option-values.ts'
import type { LogInfo } from './tag.ts'

/** What is remembered of a log that was rotated, by the container's id. */
export interface LogRow extends LogState {
  id: string
}

export interface LogKeeperParts {
  table: Table<LogRow>
  /** `<data root>/containers`. */
  directory: string
  faults: RotationFaults
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** The logs of all containers. A log that nobody reads and that stays small costs one look at its size a second. */
export class LogKeeper implements AsyncDisposable {
  readonly #parts: LogKeeperParts
  readonly #logs = new Map<string, ContainerLog>()
  readonly #sizes = new SizeWatch()

  constructor(parts: LogKeeperParts) {
    this.#parts = parts
  }

  /** The process of this container exists; its log is looked after until `ended`. */
  follow(record: ContainerRecord, task: Task): void {
    if (keepsLog(record)) this.#of(record).follow(task)
  }

  async ended(record: ContainerRecord): Promise<void> {
    await this.#logs.get(record.id)?.end()
  }

  /** The container is about to be removed, and its files with it. */
  async release(record: ContainerRecord): Promise<void> {
    await this.#logs.get(record.id)?.end()
    this.#logs.delete(record.id)
    this.#parts.table.delete(record.id)
  }

  /** Finishes, for containers that do not run, what an earlier daemon did not. Forgets containers that are gone. */
  async restore(records: readonly ContainerRecord[]): Promise<void> {
    const byId = new Map(records.map((record) => [record.id, record]))
    for (const { id } of this.#parts.table.values()) {
      const record = byId.get(id)
      if (!record) this.#parts.table.delete(id)
      else if (!this.#logs.has(id)) await this.#of(record).recover()
    }
  }

  /** Throws NotImplemented when nothing is kept. */
  read(record: ContainerRecord, query: LogQuery, ended: Promise<unknown>): AsyncIterable<LogBlock> {
    return readLog(this.#readable(record), query, ended)
  }

  /** Throws NotImplemented when nothing is kept, Unavailable when conmon cannot let go of the file now. */
  async clear(record: ContainerRecord): Promise<void> {
    this.#readable(record)
    if (await this.#of(record).clear()) return
    throw new GantryError(
      'Unavailable',
      `cannot clear the log of container ${record.id} while a client that is attached to it does not read`,
    )
  }

  /** What `logs --details` tells beside each line. */
  details(record: ContainerRecord): Record<string, string> {
    const { options } = configOf(record)
    return logDetails(logInfo(record, this.#path(record)), options)
  }

  #readable(record: ContainerRecord): LogFiles {
    if (keepsLog(record) && !boolean(configOf(record).options['cache-disabled'] || 'false'))
      return this.#of(record).files
    throw new GantryError('NotImplemented', 'configured logging driver does not support reading')
  }

  #of(record: ContainerRecord): ContainerLog {
    const known = this.#logs.get(record.id)
    if (known) return known
    const { table, faults, log } = this.#parts
    const { driver, options } = configOf(record)
    const made = new ContainerLog({
      id: record.id,
      path: this.#path(record),
      limits: driverOf(driver).limits(options),
      state: table.get(record.id),
      record: (state) => table.set(record.id, { id: record.id, ...state }),
      sizes: this.#sizes,
      faults,
      warn: (message) => log('warn', message),
    })
    this.#logs.set(record.id, made)
    return made
  }

  #path(record: ContainerRecord): string {
    return logPath(this.#parts.directory, record) ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sizes[Symbol.dispose]()
  }
}

function keepsLog(record: ContainerRecord): boolean {
  return configOf(record).driver !== 'none'
}

function configOf({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): LogConfig {
  const { Type, Config } = hostConfig.LogConfig ?? {}
  return { driver: Type || 'json-file', options: Config ?? {} }
}

/** What a container's lines are labelled with. */
export function logInfo(
  record: Pick<ContainerRecord, 'id' | 'name' | 'image' | 'config' | 'created' | 'args'>,
  path: string,
): LogInfo {
  return {
    id: record.id,
    name: record.name,
    imageId: record.image?.id ?? '',
    imageName: record.config.Image ?? '',
    created: record.created,
    entrypoint: record.args[0] ?? '',
    args: record.args.slice(1),
    env: record.config.Env ?? [],
    labels: record.config.Labels ?? {},
    logPath: path,
    hostname: hostname(),
  }
}
