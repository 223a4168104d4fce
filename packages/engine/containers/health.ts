import type { HealthConfig, HealthcheckResult } from '@gantry/api'
import { messageOf } from '@gantry/errors'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { type ProbeResult, type Prober, probeCommand, probeSettings } from './health-probe.ts'
import type { Registry } from './registry.ts'

type HealthStatus = 'starting' | 'healthy' | 'unhealthy'
type ProbeSettings = ReturnType<typeof probeSettings>

/** How many results `inspect` shows. */
const keptResults = 5

/** Runs the health checks of running containers and keeps their state. */
export class HealthMonitor {
  readonly #deps: Pick<ContainerDependencies, 'clock' | 'events' | 'log'>
  readonly #registry: Registry
  readonly #prober: Prober
  readonly #onUnhealthy: (container: Container) => void
  readonly #stops = new Map<Container, () => void>()

  constructor(
    deps: Pick<ContainerDependencies, 'clock' | 'events' | 'log'>,
    registry: Registry,
    prober: Prober,
    /** Told after each check that leaves a container unhealthy, and of one that is found so. */
    onUnhealthy: (container: Container) => void,
  ) {
    this.#deps = deps
    this.#registry = registry
    this.#prober = prober
    this.#onUnhealthy = onUnhealthy
  }

  /**
   * For a container that has just started, or that was found running: then its health is what it was. Throws when that
   * cannot be written down; it is checked all the same.
   */
  start(container: Container, { found = false } = {}): void {
    this.stop(container)
    const check = container.record.config.Healthcheck
    const command = check && probeCommand(check, container.record.config.Shell)
    if (!command) {
      if (container.record.health) this.#registry.update(container, { health: null })
      return
    }
    const { health } = container.record
    try {
      // Results of earlier runs stay in the log.
      if (!found || !health) this.#write(container, 'starting', 0, health?.Log ?? [])
      else if (health.Status === 'unhealthy') this.#onUnhealthy(container)
    } finally {
      const stopped = new AbortController()
      this.#stops.set(container, () => stopped.abort())
      void this.#watch(container, check, command, stopped.signal)
    }
  }

  /** The daemon ends: no more is written of any container. */
  close(): void {
    for (const container of [...this.#stops.keys()]) this.stop(container)
  }

  /** No probe is started any more; one that runs is not waited for. A container that stops is no longer healthy. */
  stop(container: Container): void {
    this.#stops.get(container)?.()
    this.#stops.delete(container)
  }

  async #watch(
    container: Container,
    check: HealthConfig,
    command: string[],
    stopped: AbortSignal,
  ): Promise<void> {
    const settings = probeSettings(check)
    while (!stopped.aborted) {
      const young = this.#age(container, this.#deps.clock.now()) < settings.startPeriod
      const starting = young && container.record.health?.Status === 'starting'
      await this.#sleep(starting ? settings.startInterval : settings.interval, stopped)
      if (stopped.aborted) return
      if (container.record.state.status !== 'running') continue
      try {
        await this.#check(container, command, settings, stopped)
      } catch (error) {
        // A result that cannot be written down, as on a full disk: the next one may.
        this.#deps.log('error', `container ${container.id}: health: ${messageOf(error)}`)
      }
    }
  }

  /** A check of a container that is paused meanwhile says nothing. */
  async #check(
    container: Container,
    command: string[],
    settings: ProbeSettings,
    stopped: AbortSignal,
  ): Promise<void> {
    const paused = new AbortController()
    const forget = container.observe({
      changed: () => {
        if (container.record.state.status !== 'running') paused.abort()
      },
    })
    try {
      const signal = AbortSignal.any([stopped, paused.signal])
      const result = await this.#prober.probe(container, command, settings.timeout, signal)
      if (!signal.aborted && result) this.#judge(container, result, settings)
    } finally {
      forget()
    }
  }

  #judge(container: Container, result: ProbeResult, settings: ProbeSettings): void {
    const before = container.record.health
    const status = before?.Status as HealthStatus
    const log = [...(before?.Log ?? []), shown(result)].slice(-keptResults)
    if (result.exitCode === 0) {
      this.#report(container, 'healthy', 0, log)
      return
    }
    const forgiven = status === 'starting' && this.#age(container, result.start) < settings.startPeriod
    const streak = (before?.FailingStreak ?? 0) + (forgiven ? 0 : 1)
    const unhealthy = !forgiven && streak >= settings.retries
    this.#report(container, unhealthy ? 'unhealthy' : status, streak, log)
    if (unhealthy) this.#onUnhealthy(container)
  }

  #report(container: Container, status: HealthStatus, failingStreak: number, log: HealthcheckResult[]): void {
    const before = container.record.health?.Status
    this.#write(container, status, failingStreak, log)
    if (before !== status) announce(this.#deps.events, container, `health_status: ${status}`)
  }

  #write(container: Container, status: HealthStatus, failingStreak: number, log: HealthcheckResult[]): void {
    this.#registry.update(container, {
      health: { Status: status, FailingStreak: failingStreak, Log: log },
    })
  }

  /** Milliseconds from the container's start to `time`. */
  #age(container: Container, time: Date): number {
    const { startedAt } = container.record.state
    return startedAt ? time.getTime() - Date.parse(startedAt) : 0
  }

  #sleep(milliseconds: number, stopped: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        stopped.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.#deps.clock.after(milliseconds, done)
      stopped.addEventListener('abort', done, { once: true })
    })
  }
}

function shown({ start, end, exitCode, output }: ProbeResult): HealthcheckResult {
  return { Start: start.toISOString(), End: end.toISOString(), ExitCode: exitCode, Output: output }
}
