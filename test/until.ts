/** Waiting in tests, of packages too: it always has an end. */
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until `check` returns something truthy and resolves to that. Fails after `seconds`, which are many: a busy machine is
 * no failure. `what` completes "timed out waiting for".
 */
export async function until<T>(
  what: string,
  check: () => Promise<T> | T,
  seconds = 60,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const value = await check()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`timed out waiting for ${what}`)
    await sleep(10)
  }
}
