import { isKind, messageOf } from '@gantry/errors'
import type { Exit, Task } from '@gantry/runtime'
import { announce } from './announce.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { HealthMonitor } from './health.ts'
import type { Registry } from './registry.ts'
import type { Remover } from './remove.ts'
import { nextDelay, shouldRestart } from './restart-policy.ts'
import type { Starter } from './start.ts'
import { end, isIdle, isUp } from './state.ts'

/** How long to wait before trying again to write down an exit, in milliseconds. */
const retryDelay = 1000

/** Follows running containers to their end, and beyond: restart policy, auto-removal. */
export class Supervisor {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #starter: Starter
  readonly #remover: Remover
  readonly #health: HealthMonitor
  #closed = false

  constructor(
    deps: ContainerDependencies,
    registry: Registry,
    starter: Starter,
    remover: Remover,
    health: HealthMonitor,
  ) {
    this.#deps = deps
    this.#registry = registry
    this.#starter = starter
    this.#remover = remover
    this.#health = health
  }

  /**
   * Starts on a user's behalf, from the checkpoint in the directory `restore` if there is one. A container that removes
   * itself is removed when it cannot start.
   */
  async start(container: Container, options: { restore?: string } = {}): Promise<void> {
    this.#deps.runtime.expectProcess()
    await container.lock.run(async () => {
      if (container.record.state.status === 'restarting') container.cancelRestart?.()
      container.restartDelay = null
      try {
        await this.#starter.start(container, 0, options)
      } catch (error) {
        const removes = container.record.hostConfig.AutoRemove && !container.task && !container.gone
        if (removes && !container.keepAfterExit && !isKind(error, 'NotModified'))
          await this.#discard(container)
        throw error
      }
      this.watch(container)
    })
  }

  /** Expects the container to have a task: of a start just now, or `found` at the start of the daemon. */
  watch(container: Container, { found = false } = {}): void {
    const { task } = container
    if (!task) return
    // First: whatever else fails, its end must be seen.
    container.ended = task.exit.then((exit) => this.#handle(container, task, exit))
    container.unwatchMemory?.()
    container.unwatchMemory = task.onOutOfMemory(() => void this.#outOfMemory(container, task))
    this.#unlessFails(container, 'log', () => this.#deps.logs.follow(container.record, task))
    this.#unlessFails(container, 'health', () => this.#health.start(container, { found }))
  }

  /** A container that runs does not end for this. */
  #unlessFails(container: Container, what: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#deps.log('error', `container ${container.id}: ${what}: ${messageOf(error)}`)
    }
  }

  /** The daemon ends: what happens from now on is for the next one to find. */
  close(): void {
    this.#closed = true
    this.#health.close()
  }

  async #handle(container: Container, task: Task, exit: Exit): Promise<void> {
    while (!this.#closed) {
      try {
        return await container.lock.run(() => this.#end(container, task, exit))
      } catch (error) {
        this.#deps.log('error', `container ${container.id}: its end: ${messageOf(error)}`)
        await new Promise<void>((resolve) => this.#deps.clock.after(retryDelay, resolve))
      }
    }
  }

  /** Writes the exit down, tells of it, takes the run apart, and applies the restart policy. Holds the lock. */
  async #end(container: Container, task: Task, exit: Exit): Promise<void> {
    if (container.task !== task || container.gone) return
    const { faults, events } = this.#deps
    faults('container.exit.seen')
    this.#health.stop(container)
    const ranFor = this.#ranFor(container, exit)
    const known = container.record.state.oomKilled
    container.unwatchMemory?.()
    container.unwatchMemory = null
    const restart = this.#record(container, exit)
    faults('container.exit.recorded')
    if (exit.oomKilled && !known) announce(events, container, 'oom')
    announce(events, container, 'die', {
      exitCode: String(exit.exitCode),
      execDuration: String(Math.floor(ranFor / 1000)),
    })
    await this.#starter.clean(container)
    await this.#deps.logs.ended(container.record)
    container.task = null
    const { AutoRemove } = container.record.hostConfig
    container.tellExited()
    if (restart) this.#scheduleRestart(container, ranFor)
    else if (AutoRemove && !container.keepAfterExit) await this.discard(container)
  }

  /** Removes a container that removes itself: at once, or when an earlier daemon's client has read its end. Holds the lock. */
  async discard(container: Container): Promise<void> {
    const { returning } = container
    if (!returning) return await this.#discard(container)
    const discard = async () => {
      const { gone, task, record } = container
      if (!this.#closed && !gone && !task && isIdle(record.state)) await this.#discard(container)
    }
    void returning.gone.then(() => {
      container.returning = null
      return container.lock.run(discard)
    })
  }

  /** The container may run on: the kernel chooses which of its processes to kill. */
  async #outOfMemory(container: Container, task: Task): Promise<void> {
    await container.lock.run(async () => {
      const { state } = container.record
      if (container.task !== task || !isUp(state) || state.oomKilled) return
      this.#registry.update(container, { state: { ...state, oomKilled: true } })
      announce(this.#deps.events, container, 'oom')
    })
  }

  /** Idempotent: a second try after a failure finds the exit written. */
  #record(container: Container, exit: Exit): boolean {
    const { state, hostConfig, restartCount, health } = container.record
    if (state.status !== 'running' && state.status !== 'paused') return state.status === 'restarting'
    const restart = shouldRestart(hostConfig.RestartPolicy, {
      exitCode: exit.exitCode,
      restarts: restartCount,
      endedByUser: container.endedByUser,
      replaced: hostConfig.HealthOnFailure === 'restart' && health?.Status === 'unhealthy',
    })
    this.#registry.update(container, {
      state: end(state, exit, restart),
      restartCount: restart ? restartCount + 1 : restartCount,
      health: health && { ...health, Status: 'unhealthy' },
    })
    return restart
  }

  /** Milliseconds. */
  #ranFor(container: Container, exit: Exit): number {
    const { startedAt } = container.record.state
    return startedAt ? Math.max(0, exit.finishedAt.getTime() - Date.parse(startedAt)) : 0
  }

  #scheduleRestart(container: Container, ranFor: number): void {
    container.restartDelay = nextDelay(container.restartDelay, ranFor)
    this.restartAfter(container, container.restartDelay)
  }

  /** For a container whose state is `restarting`. */
  restartAfter(container: Container, milliseconds: number): void {
    const cancel = this.#deps.clock.after(milliseconds, () => void this.#restart(container))
    container.cancelRestart = () => {
      cancel()
      container.cancelRestart = null
    }
  }

  /** As if the delay of its restart had just passed. */
  async restartNow(container: Container): Promise<void> {
    container.cancelRestart = () => {
      container.cancelRestart = null
    }
    await this.#restart(container)
  }

  async #restart(container: Container): Promise<void> {
    await container.lock.run(async () => {
      const { gone, record, cancelRestart } = container
      if (this.#closed || gone || record.state.status !== 'restarting' || !cancelRestart) return
      container.cancelRestart = null
      try {
        await this.#starter.start(container, container.record.restartCount)
        this.watch(container)
      } catch (error) {
        this.#deps.log('error', `container ${container.id}: cannot be restarted: ${messageOf(error)}`)
        container.tellExited(messageOf(error))
      }
    })
  }

  async #discard(container: Container): Promise<void> {
    try {
      await this.#remover.discard(container, { volumes: true })
    } catch (error) {
      this.#deps.log('error', `container ${container.id}: cannot be removed: ${messageOf(error)}`)
    }
  }
}
