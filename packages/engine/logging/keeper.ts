import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import {
  endOfLog,
  holdsPlace,
  type LogBlock,
  type LogFiles,
  type LogPlace,
  type LogQuery,
  type RotationFaults,
  readLog,
  SizeWatch,
  type Task,
} from '@gantry/runtime'
import type { Table } from '@gantry/store'
import { logName, logPath } from '../containers/paths.ts'
import type { ContainerRecord } from '../containers/record.ts'
import { ContainerLog, type LogMemory } from './container-log.ts'
import { logDetails } from './details.ts'
import { driverOf, type LogConfig, maxBufferOf } from './drivers.ts'
import { boolean } from './option-values.ts'
import type { LogInfo } from './tag.ts'

/** What is remembered of a log, by the container's id. */
export interface LogRow extends LogMemory {
  id: string
  /** The container is gone, and not all of its lines have been handed on: all that must be known to do so. */
  orphan?: LogConfig & { info: LogInfo }
}

export interface LogKeeperParts {
  table: Table<LogRow>
  /** `<data root>/containers`. */
  directory: string
  /** `<data root>/logs`: logs of containers that are gone, for as long as they have not been handed on. */
  orphans: string
  faults: RotationFaults
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** How long a removal waits for the last lines to be handed on, in milliseconds. After that they are handed on without it. */
const removalPatience = 500

/** The logs of all containers. A log that nobody reads and that stays small costs one look at its size a second. */
export class LogKeeper implements AsyncDisposable {
  readonly #parts: LogKeeperParts
  readonly #logs = new Map<string, ContainerLog>()
  readonly #orphans = new Map<string, ContainerLog>()
  readonly #sizes = new SizeWatch()

  constructor(parts: LogKeeperParts) {
    this.#parts = parts
  }

  /** Throws System, in Docker's words, when the container cannot be started with its log driver. */
  prepare(record: ContainerRecord): void {
    const { driver, options } = configOf(record)
    try {
      driverOf(driver).forward?.prepare?.(options)
    } catch (cause) {
      throw new GantryError('System', `failed to initialize logging driver: ${messageOf(cause)}`, { cause })
    }
  }

  /** The process of this container exists; its log is looked after until `ended`. */
  follow(record: ContainerRecord, task: Task): void {
    if (keepsLog(record)) this.#of(record).follow(task)
  }

  async ended(record: ContainerRecord): Promise<void> {
    await this.#logs.get(record.id)?.end()
  }

  /**
   * The container is about to be removed, and its files with it. What has not been handed on is put aside, and handed on
   * from there. Idempotent.
   */
  async release(record: ContainerRecord): Promise<void> {
    const { id } = record
    const { table } = this.#parts
    const log = this.#logs.get(id) ?? (forwards(record) ? this.#of(record) : null)
    await log?.end()
    await log?.drained(removalPatience)
    const memory = await log?.stop()
    this.#logs.delete(id)
    if (!memory || !(log?.hasBacklog || table.get(id)?.orphan)) {
      table.delete(id)
      return
    }
    table.set(id, {
      id,
      ...memory,
      orphan: { ...configOf(record), info: logInfo(record, this.#path(record)) },
    })
    await this.#adopt(id)
  }

  /** Finishes what an earlier daemon did not, for containers that do not run and for those that are gone. */
  async restore(records: readonly ContainerRecord[]): Promise<void> {
    const { table } = this.#parts
    const byId = new Map(records.map((record) => [record.id, record]))
    for (const { id, orphan } of table.values()) {
      if (orphan) await this.#adopt(id)
      else if (!byId.has(id)) table.delete(id)
    }
    for (const record of records) {
      const concerned = forwards(record) || table.get(record.id) !== undefined
      if (concerned && !this.#logs.has(record.id)) await this.#of(record).recover()
    }
  }

  /** Hands on what is left of a container that is gone, then removes it. Goes on where an earlier try ended. */
  async #adopt(id: string): Promise<void> {
    const { table, orphans, directory } = this.#parts
    const row = table.get(id)
    if (!row?.orphan || this.#orphans.has(id)) return
    const place = join(orphans, id)
    await moveLog(join(directory, id), place)
    const log = this.#make({ id, path: join(place, logName), ...row.orphan })
    this.#orphans.set(id, log)
    await log.recover()
    void log.forwarding.then(async () => {
      this.#orphans.delete(id)
      if (log.hasBacklog) return
      await rm(place, { recursive: true, force: true })
      table.delete(id)
    })
  }

  /** Throws NotImplemented when nothing is kept. */
  read(record: ContainerRecord, query: LogQuery, ended: Promise<unknown>): AsyncIterable<LogBlock> {
    return readLog(this.#readable(record), query, ended)
  }

  /** Where what is written from now on begins; null when nothing is kept. */
  async end(record: ContainerRecord): Promise<LogPlace | null> {
    return isReadable(record) ? await endOfLog(this.#of(record).files) : null
  }

  /** Whether the log can still be read from there. */
  holds(record: ContainerRecord, place: LogPlace): Promise<boolean> {
    return holdsPlace(this.#readable(record), place)
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
    if (isReadable(record)) return this.#of(record).files
    throw new GantryError('NotImplemented', 'configured logging driver does not support reading')
  }

  #of(record: ContainerRecord): ContainerLog {
    const known = this.#logs.get(record.id)
    if (known) return known
    const path = this.#path(record)
    const made = this.#make({ id: record.id, path, ...configOf(record), info: logInfo(record, path) })
    this.#logs.set(record.id, made)
    return made
  }

  #make({
    id,
    path,
    driver: name,
    options,
    info,
  }: LogConfig & { id: string; path: string; info: LogInfo }): ContainerLog {
    const { table, faults, log } = this.#parts
    const driver = driverOf(name)
    const { forward } = driver
    return new ContainerLog({
      id,
      path,
      limits: driver.limits(options),
      memory: table.get(id),
      remember: (memory) => table.set(id, { ...table.get(id), ...memory, id }),
      forwarding: forward
        ? { open: () => forward.open(options, info), maxBuffer: maxBufferOf(options) }
        : null,
      sizes: this.#sizes,
      faults,
      warn: (message) => log('warn', message),
    })
  }

  #path(record: ContainerRecord): string {
    return logPath(this.#parts.directory, record) ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sizes[Symbol.dispose]()
    await Promise.all([...this.#logs.values(), ...this.#orphans.values()].map((log) => log.stop()))
  }
}

/** Moves the files of a log, as many as there still are. */
async function moveLog(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  const names = await readdir(from).catch(() => [])
  for (const name of names.filter((name) => name.startsWith(logName)))
    await rename(join(from, name), join(to, name))
}

function keepsLog(record: ContainerRecord): boolean {
  return configOf(record).driver !== 'none'
}

function isReadable(record: ContainerRecord): boolean {
  return keepsLog(record) && !boolean(configOf(record).options['cache-disabled'] || 'false')
}

function forwards(record: ContainerRecord): boolean {
  return driverOf(configOf(record).driver).forward !== undefined
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
