import { GantryError, isKind } from '@gantry/errors'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { Registry } from './registry.ts'
import type { StopOptions, Stopper } from './stop.ts'
import type { Supervisor } from './supervisor.ts'

/** Restarts on a user's behalf: a stop, if it runs, and a start. */
export class Restarter {
  readonly #deps: Pick<ContainerDependencies, 'events' | 'faults'>
  readonly #registry: Registry
  readonly #stopper: Stopper
  readonly #supervisor: Supervisor

  constructor(
    deps: Pick<ContainerDependencies, 'events' | 'faults'>,
    registry: Registry,
    stopper: Stopper,
    supervisor: Supervisor,
  ) {
    this.#deps = deps
    this.#registry = registry
    this.#stopper = stopper
    this.#supervisor = supervisor
  }

  /** `reference` is what the user calls it. A daemon that dies before the start leaves the rest to the next: see Recovery. */
  async restart(container: Container, reference: string, options: StopOptions = {}): Promise<void> {
    container.keepAfterExit = true
    this.#registry.update(container, { restartPending: true })
    try {
      await this.#stopper.stop(container, options).catch(unlessNotModified)
      this.#deps.faults('container.restart.stopped')
      await this.#supervisor.start(container).catch(unlessNotModified)
    } catch (error) {
      if (!isKind(error)) throw error
      const message = `Cannot restart container ${reference}: ${error.message}`
      throw new GantryError(error.kind, message, { cause: error })
    } finally {
      container.keepAfterExit = false
      if (!container.gone) this.#registry.update(container, { restartPending: undefined })
    }
    announce(this.#deps.events, container, 'restart')
  }
}

function unlessNotModified(error: unknown): void {
  if (!isKind(error, 'NotModified')) throw error
}
