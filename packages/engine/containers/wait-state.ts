import { GantryError } from '@gantry/errors'
import type { StateWaitResult, WaitState } from '../contracts.ts'
import type { Container } from './container.ts'
import { probeCommand } from './health-probe.ts'
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

/**
 * Resolves as soon as the container is in one of the states, which may be now. Throws InvalidParameter for a wish that
 * can never come true, rejects with Cancelled when the signal fires, with NotFound when the container goes and that was
 * not asked for.
 */
export function waitForState(
  container: Container,
  states: readonly WaitState[],
  signal?: AbortSignal,
): Promise<StateWaitResult> {
  refuseHopeless(container, states)
  const { promise, resolve, reject } = Promise.withResolvers<StateWaitResult>()
  const settle = (state: WaitState) => resolve({ state, exitCode: container.record.state.exitCode })
  const check = () => {
    const reached = states.find((state) => holds(container, state))
    if (reached) settle(reached)
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

/** Without a health check there is no health to wait for. */
function refuseHopeless({ id, record }: Container, states: readonly WaitState[]): void {
  if (!states.every((state) => state === 'healthy' || state === 'unhealthy')) return
  const { Healthcheck, Shell } = record.config
  if (Healthcheck && probeCommand(Healthcheck, Shell)) return
  throw new GantryError('InvalidParameter', `container ${id} has no health check`)
}
