import type { CommandContext } from '../framework/command.ts'
import { comesBack, isLost, patienceOf } from './reconnect.ts'

/**
 * What comes of a request that waits. When the connection to a daemon that was there breaks, and the daemon comes back in
 * time, it is asked again: containers do not end with their daemon.
 */
export async function acrossRestarts<T>(
  { client, env }: Pick<CommandContext, 'client' | 'env'>,
  signal: AbortSignal | undefined,
  ask: () => Promise<T>,
): Promise<T> {
  await client.call('SystemPing')
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isLost(error) || !(await comesBack(client, patienceOf(env), signal))) throw error
    }
  }
}
