import { GantryError, isKind } from '@gantry/errors'
import { announce } from './announce.ts'
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

/** Ends runs on the user's behalf. */
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
    const { StopSignal, StopTimeout } = container.record.config
    const name = options.signal || StopSignal
    const signal = name ? parseSignal(name) : SIGTERM
    const seconds = options.timeout ?? StopTimeout ?? defaultTimeout
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container)) return null
      if (!isUp(container.record.state)) throw new GantryError('NotModified', 'Container is already stopped')
      await this.#signal(container, signal, true)
      faults('container.stop.signalled')
      return { end: container.ended }
    })
    if (ended && !(await this.#within(seconds, ended.end))) await this.#killAndWait(container)
    faults('container.stop.stopped')
    announce(events, container, 'stop')
  }

  /** Throws Conflict when it does not run. SIGKILL waits for the end. */
  async kill(container: Container, signal: number): Promise<void> {
    const { StopSignal } = container.record.config
    // Docker's rule: without a stop signal of its own, any signal means that the user wants it to end.
    const ends = signal === SIGKILL || !StopSignal || parseSignal(StopSignal) === signal
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container)) return null
      if (!isUp(container.record.state)) throw notRunning(container.id)
      await this.#signal(container, signal, ends)
      return { end: container.ended }
    })
    if (ended && signal === SIGKILL) await this.#awaitEnd(container, ended.end)
  }

  /** Kills whatever runs, so that the container can be removed; its end does not remove it then. */
  async killForRemoval(container: Container): Promise<void> {
    const ended = await container.lock.run(async () => {
      if (this.#callOffRestart(container) || !isUp(container.record.state)) return null
      container.keepAfterExit = true
      await this.#signal(container, SIGKILL, true)
      return { end: container.ended }
    })
    if (!ended) return
    try {
      await this.#awaitEnd(container, ended.end)
    } finally {
      container.keepAfterExit = false
    }
  }

  async #killAndWait(container: Container): Promise<void> {
    const ended = await container.lock.run(async () => {
      if (isUp(container.record.state)) await this.#signal(container, SIGKILL, true)
      return { end: container.ended }
    })
    this.#deps.faults('container.stop.killed')
    await this.#awaitEnd(container, ended.end)
  }

  /** Sends, and remembers what the user wants. Holds the lock. */
  async #signal(container: Container, signal: number, ends: boolean): Promise<void> {
    container.endedByUser ||= ends
    if (!container.record.stoppedByUser) this.#registry.update(container, { stoppedByUser: true })
    try {
      await container.task?.kill(signal)
    } catch (error) {
      // It ended by itself in this moment: its end is on the way.
      if (!isKind(error, 'Conflict')) throw error
    }
    announce(this.#deps.events, container, 'kill', { signal: String(signal) })
    if (ends && container.record.state.status === 'paused') await this.#thaw(container)
  }

  /** A frozen process takes no signal. */
  async #thaw(container: Container): Promise<void> {
    await container.task?.resume()
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
    if (await this.#within(killTimeout, ended)) return
    throw new GantryError(
      'System',
      `Could not kill running container ${container.id}, tried to kill container, but did not receive an exit event`,
    )
  }

  /** Whether the promise settled in time. */
  async #within(seconds: number, promise: Promise<void>): Promise<boolean> {
    if (seconds < 0) return await promise.then(() => true)
    const { promise: late, resolve } = Promise.withResolvers<boolean>()
    const cancel = this.#deps.clock.after(seconds * 1000, () => resolve(false))
    try {
      return await Promise.race([promise.then(() => true), late])
    } finally {
      cancel()
    }
  }
}
