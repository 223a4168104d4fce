import { GantryError } from '@gantry/errors'
import type { StateWaitResult, WaitState } from '../contracts.ts'
import type { Container } from './container.ts'
import { probeCommand } from './health-probe.ts'
import { startsWithDaemon } from './restart-policy.ts'
import { visibleStatus } from './state.ts'

/** What `gantry wait --state` and the wait endpoint's `condition` may name beside Docker's three conditions. */
export const waitStates: readonly WaitState[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'exited',
  'dead',
  'removed',
  'healthy',
  'unhealthy',
]

/** What a container that has ended is in, or can still come to by itself. */
const afterEnd: readonly WaitState[] = ['exited', 'dead', 'removed']

/**
 * Resolves as soon as the container is in one of the states, which may be now. Throws InvalidParameter for the health of a
 * container without a check, and Conflict for a life that has ended; rejects with Conflict when it ends meanwhile and
 * nothing but a user will start it again, with Cancelled when the signal fires, with NotFound when the container goes and
 * that was not asked for.
 */
export function waitForState(
  container: Container,
  states: readonly WaitState[],
  signal?: AbortSignal,
): Promise<StateWaitResult> {
  refuseHopeless(container, states)
  if (isOver(container, states)) throw over(container, states)
  const { promise, resolve, reject } = Promise.withResolvers<StateWaitResult>()
  const settle = (state: WaitState) => resolve({ state, exitCode: container.record.state.exitCode })
  const check = () => {
    const reached = states.find((state) => holds(container, state))
    if (reached) settle(reached)
    else if (isOver(container, states)) reject(over(container, states))
  }
  const removed = () => {
    if (states.includes('removed')) return settle('removed')
    const message = `container ${container.id} was removed before it was ${states.join(' or ')}`
    reject(new GantryError('NotFound', message))
  }
  const forget = container.observe({ changed: check, removed })
  const cancel = () => reject(new GantryError('Cancelled', 'the wait was cancelled'))
  signal?.addEventListener('abort', cancel, { once: true })
  if (signal?.aborted) cancel()
  check()
  const settled = promise.finally(() => {
    forget()
    signal?.removeEventListener('abort', cancel)
  })
  // Whoever cancelled may not be listening any more.
  settled.catch(() => {})
  return settled
}

function holds({ record }: Container, state: WaitState): boolean {
  const status = visibleStatus(record.state)
  if (state !== 'healthy' && state !== 'unhealthy') return status === state
  return status === 'running' && record.health?.Status === state
}

/** The container has ended, no restart is to come, and all of the states are those of a container that has not. */
function isOver({ record }: Container, states: readonly WaitState[]): boolean {
  const { state, hostConfig, restartPending, stoppedByUser } = record
  if ((state.status !== 'exited' && state.status !== 'dead') || restartPending) return false
  if (startsWithDaemon(hostConfig.RestartPolicy, stoppedByUser)) return false
  return !states.some((wanted) => afterEnd.includes(wanted))
}

function over({ id, record }: Container, states: readonly WaitState[]): GantryError {
  const { exitCode } = record.state
  const message = `container ${id} ended with exit code ${exitCode} before it was ${states.join(' or ')}`
  return new GantryError('Conflict', message)
}

/** Without a health check there is no health to wait for. */
function refuseHopeless({ id, record }: Container, states: readonly WaitState[]): void {
  if (!states.every((state) => state === 'healthy' || state === 'unhealthy')) return
  const { Healthcheck, Shell } = record.config
  if (Healthcheck && probeCommand(Healthcheck, Shell)) return
  throw new GantryError('InvalidParameter', `container ${id} has no health check`)
}
