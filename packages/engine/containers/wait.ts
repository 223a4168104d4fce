import { GantryError } from '@gantry/errors'
import type { WaitCondition, WaitResult } from '../contracts.ts'
import type { Container, ContainerObserver } from './container.ts'
import { isUp } from './state.ts'

/** Resolves with the end that `condition` asks for; rejects with Cancelled when the signal fires. */
export function waitFor(
  container: Container,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<WaitResult> {
  const { state } = container.record
  if (condition === 'not-running' && !isUp(state) && state.status !== 'restarting') {
    return container.ended.then(() => ({ exitCode: container.record.state.exitCode }))
  }
  const { promise, resolve, reject } = Promise.withResolvers<WaitResult>()
  const observer: ContainerObserver =
    condition === 'removed' ? { removed: resolve } : { exited: resolve, removed: resolve }
  const forget = container.observe(observer)
  const cancel = () => reject(new GantryError('Cancelled', 'the wait was cancelled'))
  signal?.addEventListener('abort', cancel, { once: true })
  if (signal?.aborted) cancel()
  const settled = promise.finally(() => {
    forget()
    signal?.removeEventListener('abort', cancel)
  })
  // Whoever cancelled may not be listening any more.
  settled.catch(() => {})
  return settled
}
