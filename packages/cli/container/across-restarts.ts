import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client } from '@gantry/client'
import { isKind } from '@gantry/errors'

/** How long a daemon may take to come back, in milliseconds, and how often it is looked for. */
const patience = 60_000
const interval = 200

/**
 * What comes of a request that waits. When the connection to a daemon that was there breaks, and the daemon comes back
 * within a minute, it is asked again: containers do not end with their daemon.
 */
export async function acrossRestarts<T>(
  client: Client,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  await client.call('SystemPing')
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isBroken(error) || !(await comesBack(client, signal))) throw error
    }
  }
}

/** Whether there was no answer, rather than one that we did not want. */
const isBroken = (error: unknown): boolean => isKind(error, 'Unavailable') && !(error instanceof ApiError)

async function comesBack(client: Client, signal: AbortSignal | undefined): Promise<boolean> {
  const end = Date.now() + patience
  while (Date.now() < end && !signal?.aborted) {
    await sleep(interval)
    const answers = client.call('SystemPing').then(
      () => true,
      () => false,
    )
    if (await answers) return true
  }
  return false
}
