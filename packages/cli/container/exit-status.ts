import type { Operations } from '@gantry/api'
import type { Client, PendingAnswer } from '@gantry/client'

type WaitAnswer = Operations['ContainerWait']['answer']

/** Asks to be told of the end of a container that is about to start. Resolves when the engine is watching. */
export function watchExit(client: Client, id: string, removed: boolean): Promise<PendingAnswer<WaitAnswer>> {
  const condition = removed ? 'removed' : 'next-exit'
  return client.open('ContainerWait', { path: { id }, query: { condition } })
}
