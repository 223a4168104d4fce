import type { ContainerConfig, HostConfig } from '@gantry/api'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { probeCommand } from './health-probe.ts'
import { isUp } from './state.ts'
import type { Stopper } from './stop.ts'

/** What becomes of a container whose health checks fail (`--health-on-failure`). */
export type HealthAction = NonNullable<HostConfig['HealthOnFailure']>

const actions: readonly HealthAction[] = ['none', 'kill', 'restart', 'stop']

/** `config` is the container's own over the image's. Throws InvalidParameter. */
export function validateHealthAction(config: ContainerConfig, { HealthOnFailure }: HostConfig): void {
  if (!HealthOnFailure) return
  const invalid = (message: string) => new GantryError('InvalidParameter', message)
  if (!actions.includes(HealthOnFailure)) {
    throw invalid(`invalid health-on-failure action '${HealthOnFailure}' (expected ${actions.join(', ')})`)
  }
  if (HealthOnFailure !== 'none' && !probeCommand(config.Healthcheck ?? {}, config.Shell)) {
    throw invalid(`health-on-failure action '${HealthOnFailure}' needs a health check`)
  }
}

/**
 * Ends unhealthy containers as they wish. `stop` is a user's stop: it does not come back. `kill` is a crash: the restart
 * policy decides. `restart` stops it in good order and brings it back whatever the policy (see shouldRestart); it is
 * derived from the row alone, so a daemon that dies half-way leaves the rest to the next.
 */
export class UnhealthyEnder {
  readonly #deps: Pick<ContainerDependencies, 'log' | 'faults'>
  readonly #stopper: Stopper
  readonly #acting = new Set<Container>()

  constructor(deps: Pick<ContainerDependencies, 'log' | 'faults'>, stopper: Stopper) {
    this.#deps = deps
    this.#stopper = stopper
  }

  /** Returns at once; a container that is being ended already is left alone. */
  end(container: Container): void {
    const action = container.record.hostConfig.HealthOnFailure ?? 'none'
    if (action === 'none' || this.#acting.has(container)) return
    this.#acting.add(container)
    this.#deps.log('warn', `container ${container.id} is unhealthy: ${action}`)
    this.#act(container, action)
      .catch((error) => {
        if (isKind(error, 'NotModified') || !isUp(container.record.state)) return
        this.#deps.log('error', `container ${container.id}: ${action} of unhealthy: ${messageOf(error)}`)
      })
      .finally(() => this.#acting.delete(container))
  }

  async #act(container: Container, action: HealthAction): Promise<void> {
    this.#deps.faults('container.health.unhealthy')
    if (action === 'stop') await this.#stopper.stop(container, {})
    else await this.#stopper.endUnhealthy(container, { kill: action === 'kill' })
  }
}
