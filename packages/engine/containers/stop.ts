import { GantryError, isKind } from '@gantry/errors'
import { announce } from './announce.ts'
import { within } from './clock.ts'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { Registry } from './registry.ts'
import { parseSignal } from './signals.ts'
import { giveUpRestart, isUp, notRunning, unpause } from './state.ts'

const SIGKILL = 9
const SIGTERM = 15
/** Seconds that a process has to react to the stop signal when nobody says otherwise. */
const defaultTimeout = 10
/** Seconds after which a killed process that has not ended is an error. */
const killTimeout = 30

export interface StopOptions {
  signal?: string
  /** Seconds; negative waits for ever. */
  timeout?: number
}

/** Whom a signal comes from, and whether it is to end the run. */
interface Intent {
  ends: boolean
  byUser: boolean
}
const userEnds: Intent = { ends: true, byUser: true }
const engineEnds: Intent = { ends: true, byUser: false }

/** Ends runs, mostly on the user's behalf. */
export class Stopper {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** The stop signal, then SIGKILL when time is over. Throws NotModified for a container that does not run. */
  async stop(container: Container, options: StopOptions): Promise<void> {
    const { faults, events } = this.#deps
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container)) return null
      return await this.#beginStop(container, options.signal, userEnds)
    })
    if (ended) await this.#finishStop(container, options.timeout, ended.end, userEnds)
    faults('container.stop.stopped')
    announce(events, container, 'stop')
  }

  /** As stop or, with `kill`, at once; but not on a user's behalf, so that the restart policy is asked. */
  async endUnhealthy(container: Container, { kill }: { kill: boolean }): Promise<void> {
    const signal = kill ? 'KILL' : undefined
    const ended = await container.lock.run(() => this.#beginStop(container, signal, engineEnds))
    await this.#finishStop(container, undefined, ended.end, engineEnds)
  }

  /** Holds the lock. */
  async #beginStop(container: Container, wish: string | undefined, intent: Intent) {
    if (!isUp(container.record.state)) throw new GantryError('NotModified', 'Container is already stopped')
    const name = wish || container.record.config.StopSignal
    await this.#signal(container, name ? parseSignal(name) : SIGTERM, intent)
    this.#deps.faults('container.stop.signalled')
    return { end: container.ended }
  }

  async #finishStop(container: Container, wish: number | undefined, end: Promise<void>, intent: Intent) {
    const seconds = wish ?? container.record.config.StopTimeout ?? defaultTimeout
    if (!(await within(this.#deps.clock, seconds * 1000, end)))
      await this.#killAndWait(container, end, intent)
  }

  /** Throws Conflict when it does not run. SIGKILL waits for the end. */
  async kill(container: Container, signal: number): Promise<void> {
    const { StopSignal } = container.record.config
    // Docker's rule: without a stop signal of its own, any signal means that the user wants it to end.
    const ends = signal === SIGKILL || !StopSignal || parseSignal(StopSignal) === signal
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container)) return null
      if (!isUp(container.record.state)) throw notRunning(container.id)
      await this.#signal(container, signal, { ends, byUser: true })
      return { end: container.ended }
    })
    if (ended && signal === SIGKILL) await this.#awaitEnd(container, ended.end)
  }

  /** Kills whatever runs, so that the container can be removed; its end does not remove it then. */
  async killForRemoval(container: Container): Promise<void> {
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container) || !isUp(container.record.state)) return null
      container.keepAfterExit = true
      await this.#signal(container, SIGKILL, userEnds)
      return { end: container.ended }
    })
    if (!ended) return
    try {
      await this.#awaitEnd(container, ended.end)
    } finally {
      container.keepAfterExit = false
    }
  }

  /** Only this run: it may have ended, and another begun, while the lock was waited for. */
  async #killAndWait(container: Container, end: Promise<void>, intent: Intent): Promise<void> {
    await container.lock.run(async () => {
      if (isUp(container.record.state) && container.ended === end)
        await this.#signal(container, SIGKILL, intent)
    })
    this.#deps.faults('container.stop.killed')
    await this.#awaitEnd(container, end)
  }

  /** Sends, and remembers what the user wants. Holds the lock. */
  async #signal(container: Container, signal: number, { ends, byUser }: Intent): Promise<void> {
    if (byUser) {
      container.endedByUser ||= ends
      if (!container.record.stoppedByUser) this.#registry.update(container, { stoppedByUser: true })
    }
    await unlessEnded(async () => await container.task?.kill(signal))
    announce(this.#deps.events, container, 'kill', { signal: String(signal) })
    if (ends && container.record.state.status === 'paused') await this.#thaw(container)
  }

  /** A frozen process takes no signal. Killed, it may have been let go and have ended already. */
  async #thaw(container: Container): Promise<void> {
    await unlessEnded(async () => await container.task?.resume())
    this.#registry.update(container, { state: unpause(container.record.state, container.id) })
    announce(this.#deps.events, container, 'unpause')
  }

  #callOffRestart(container: Container): boolean {
    const { state } = container.record
    if (state.status !== 'restarting') return false
    container.cancelRestart?.()
    this.#registry.update(container, { state: giveUpRestart(state), stoppedByUser: true })
    return true
  }

  async #awaitEnd(container: Container, ended: Promise<void>): Promise<void> {
    if (await within(this.#deps.clock, killTimeout * 1000, ended)) return
    throw new GantryError(
      'System',
      `Could not kill running container ${container.id}, tried to kill container, but did not receive an exit event`,
    )
  }
}

/** Of a process that has ended in this moment: its end is on the way. */
async function unlessEnded(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isKind(error, 'Conflict')) throw error
  }
}
