import { GantryError, isKind } from '@gantry/errors'
import type { ConsoleSize } from '@gantry/runtime'
import { checkpointsOf, pathOf, requireCheckpoint } from '../checkpoints/directory.ts'
import type {
  AttachOptions,
  CheckpointReference,
  ContainerCreateRequest,
  ContainerListOptions,
  Containers,
  ContainerUpdateRequest,
  Filters,
  LogOptions,
  WaitCondition,
  WaitState,
} from '../contracts.ts'
import { announce } from './announce.ts'
import { attach } from './attach.ts'
import type { Container } from './container.ts'
import type { Creator } from './create.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { freeze } from './freeze.ts'
import { inspect } from './inspect.ts'
import { list } from './list.ts'
import { logsOf } from './logs.ts'
import type { NetworkFiles } from './network-files.ts'
import { prune } from './prune.ts'
import type { Registry } from './registry.ts'
import type { Remover } from './remove.ts'
import { rename } from './rename.ts'
import { parseKillSignal } from './signals.ts'
import { isUp, notRunning } from './state.ts'
import type { Stats } from './stats/stats.ts'
import type { Stopper } from './stop.ts'
import type { Supervisor } from './supervisor.ts'
import { top } from './top.ts'
import { unlink } from './unlink.ts'
import { update } from './update.ts'
import type { Restarter } from './user-restart.ts'
import { waitFor } from './wait.ts'
import { waitForState } from './wait-state.ts'

/** The parts that do the work. */
export interface ContainerParts {
  registry: Registry
  creator: Creator
  networkFiles: NetworkFiles
  supervisor: Supervisor
  stopper: Stopper
  restarter: Restarter
  remover: Remover
  stats: Stats
}

/** Finds the container that a request names and hands it to the part that does the work. */
export class ContainerService implements Containers {
  readonly #deps: ContainerDependencies
  readonly #parts: ContainerParts

  constructor(deps: ContainerDependencies, parts: ContainerParts) {
    this.#deps = deps
    this.#parts = parts
  }

  #find(reference: string): Container {
    return this.#parts.registry.find(reference)
  }

  create(request: ContainerCreateRequest) {
    return this.#parts.creator.create(request)
  }

  list(options: ContainerListOptions) {
    return list(this.#parts.registry, options, this.#deps)
  }

  async inspect(reference: string, options: { size?: boolean } = {}) {
    return await inspect(this.#find(reference), options, this.#parts.registry, this.#deps)
  }

  async start(reference: string, checkpoint?: CheckpointReference): Promise<void> {
    const container = this.#find(reference)
    if (!checkpoint) return await this.#parts.supervisor.start(container)
    const restore = pathOf(checkpointsOf(this.#deps.paths.containers, container.id), checkpoint)
    await requireCheckpoint(restore, checkpoint.id, reference)
    await this.#parts.supervisor.start(container, { restore })
  }

  async stop(reference: string, options: { signal?: string; timeout?: number } = {}): Promise<void> {
    await this.#parts.stopper.stop(this.#find(reference), options)
  }

  async restart(reference: string, options: { signal?: string; timeout?: number } = {}): Promise<void> {
    await this.#parts.restarter.restart(this.#find(reference), reference, options)
  }

  async kill(reference: string, signal: string): Promise<void> {
    const number = parseKillSignal(signal, reference)
    try {
      await this.#parts.stopper.kill(this.#find(reference), number)
    } catch (error) {
      if (!isKind(error)) throw error
      const message = `Cannot kill container: ${reference}: ${error.message}`
      throw new GantryError(error.kind, message, { cause: error })
    }
  }

  async pause(reference: string): Promise<void> {
    await freeze(this.#find(reference), true, this.#parts.registry, this.#deps)
  }

  async unpause(reference: string): Promise<void> {
    await freeze(this.#find(reference), false, this.#parts.registry, this.#deps, { pausedForCommit: false })
  }

  async update(reference: string, request: ContainerUpdateRequest): Promise<string[]> {
    return await update(this.#find(reference), request, this.#parts.registry, this.#deps)
  }

  async rename(reference: string, name: string): Promise<void> {
    await rename(this.#find(reference), name, this.#parts.registry, this.#deps)
  }

  async remove(
    reference: string,
    options: { force?: boolean; volumes?: boolean; link?: boolean } = {},
  ): Promise<void> {
    const container = this.#find(reference)
    if (options.link) return await unlink(reference, this.#parts, this.#deps)
    await this.#parts.remover.remove(container, options)
  }

  prune(filters: Filters) {
    return prune(this.#parts.registry, this.#parts.remover, filters, this.#deps)
  }

  async resize(reference: string, size: ConsoleSize): Promise<void> {
    const container = this.#find(reference)
    const { state, config } = container.record
    if (!isUp(state) || !container.task) throw notRunning(container.id)
    if (config.Tty) await container.task.resize(size)
    announce(this.#deps.events, container, 'resize', {
      height: String(size.rows),
      width: String(size.columns),
    })
  }

  async wait(reference: string, condition: WaitCondition, signal?: AbortSignal) {
    return { result: waitFor(this.#find(reference), condition, signal) }
  }

  async waitForState(reference: string, states: readonly WaitState[], signal?: AbortSignal) {
    return { result: waitForState(this.#find(reference), states, signal) }
  }

  async attach(reference: string, options: AttachOptions) {
    return await attach(this.#find(reference), options, this.#deps)
  }

  async logs(reference: string, options: LogOptions) {
    return logsOf(this.#find(reference), options, this.#deps)
  }

  async statsOnce(reference: string, options: { oneShot?: boolean }) {
    return await this.#parts.stats.once(this.#find(reference), options)
  }

  stats(reference: string, signal?: AbortSignal) {
    return this.#parts.stats.stream(this.#find(reference), signal)
  }

  async clearLogs(reference: string): Promise<void> {
    await this.#deps.logs.clear(this.#find(reference).record)
  }

  async top(reference: string, psArguments: string) {
    const container = this.#find(reference)
    const table = await top(container, psArguments)
    announce(this.#deps.events, container, 'top')
    return table
  }

  usersOfImage(imageId: string) {
    return this.#parts.registry
      .all()
      .filter(({ record: { image, mounts } }) =>
        [image?.id, ...mounts.map((mount) => mount.image)].some((id) => id === imageId),
      )
      .map(({ id, record }) => ({ id, running: isUp(record.state) }))
  }
}

/** Somebody else has done it already. */
