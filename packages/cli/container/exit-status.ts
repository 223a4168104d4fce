import type { Operations } from '@gantry/api'
import type { Client, PendingAnswer } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import type { Output } from '../framework/command.ts'

type WaitAnswer = Operations['ContainerWait']['answer']

/** Asks to be told of the end of a container that is about to start. Resolves when the engine is watching. */
export function watchExit(client: Client, id: string, removed: boolean): Promise<PendingAnswer<WaitAnswer>> {
  const condition = removed ? 'removed' : 'next-exit'
  return client.open('ContainerWait', { path: { id }, query: { condition } })
}

/** The exit code of a container; 125, with the reason on stderr, if the engine could not wait for it. */
export async function exitStatus(pending: PendingAnswer<WaitAnswer>, stderr: Output): Promise<number> {
  try {
    const { StatusCode, Error: problem } = await pending.answer
    if (!problem?.Message) return StatusCode
    stderr.write(`Error waiting for container: ${problem.Message}\n`)
  } catch (error) {
    stderr.write(`error waiting for container: ${messageOf(error)}\n`)
  }
  return 125
}
