import { join } from 'node:path'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { notFound, type Registry } from './registry.ts'
import type { Starter } from './start.ts'
import { die, isUp, remove, type Status } from './state.ts'
import type { Stopper } from './stop.ts'

export interface RemoveOptions {
  force?: boolean
  /** Also its anonymous volumes. */
  volumes?: boolean
}

/** Takes containers away: directories, volume references, the row. */
export class Remover {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #starter: Starter
  readonly #stopper: Stopper

  constructor(deps: ContainerDependencies, registry: Registry, starter: Starter, stopper: Stopper) {
    this.#deps = deps
    this.#registry = registry
    this.#starter = starter
    this.#stopper = stopper
  }

  /** Throws Conflict for a container that runs, unless `force`, which kills it, and when a removal is under way. */
  async remove(container: Container, options: RemoveOptions): Promise<void> {
    if (container.removing) {
      throw new GantryError('Conflict', `removal of container ${container.id} is already in progress`)
    }
    container.removing = true
    try {
      if (options.force) await this.#stopper.killForRemoval(container)
      await container.lock.run(async () => {
        if (container.gone) throw notFound(container.id)
        refuseActive(container)
        await this.discard(container, options)
      })
    } finally {
      container.removing = false
    }
  }

  /** Expects the lock to be held and the container not to run. A failure leaves it `dead`: it can be removed again. */
  async discard(container: Container, { volumes = false }: RemoveOptions): Promise<void> {
    const { faults, events } = this.#deps
    this.#registry.update(container, { state: remove(container.record.state, volumes) })
    try {
      faults('container.remove.recorded')
      if (container.dirty) await this.#starter.clean(container)
      await this.#deps.logs.release(container.record)
      await this.#deps.storage.remove(join(this.#deps.paths.containers, container.id))
      faults('container.remove.directories')
      await this.#releaseVolumes(container, volumes)
      faults('container.remove.volumes')
      this.#registry.delete(container)
      faults('container.remove.deleted')
    } catch (cause) {
      const reason = `container ${container.id}: cannot be removed: ${messageOf(cause)}`
      if (!container.gone) {
        this.#registry.update(container, { state: die(container.record.state, messageOf(cause)) })
        container.tellRemoved(reason)
        throw new GantryError('System', reason, { cause })
      }
    }
    announce(events, container, 'destroy')
    container.tellRemoved()
  }

  async #releaseVolumes(container: Container, alsoRemove: boolean): Promise<void> {
    const { volumes } = this.#deps
    for (const { type, name, anonymous } of container.record.mounts) {
      if (type !== 'volume') continue
      volumes.release(name, container.id)
      if (!alsoRemove || !anonymous) continue
      try {
        await volumes.remove(name)
      } catch (error) {
        // Another container has it too, or somebody was faster.
        if (!isKind(error, 'Conflict') && !isKind(error, 'NotFound')) throw error
      }
    }
  }
}

const doing: Partial<Record<Status, string>> = {
  running: 'running',
  starting: 'running',
  paused: 'paused',
  restarting: 'restarting',
}

function refuseActive(container: Container): void {
  const { status } = container.record.state
  const state = doing[status]
  if (!state && !isUp(container.record.state)) return
  const advice = status === 'paused' ? 'Unpause and then stop the container' : 'Stop the container'
  throw new GantryError(
    'Conflict',
    `You cannot remove a ${state} container ${container.id}. ${advice} before attempting removal or force remove`,
  )
}
