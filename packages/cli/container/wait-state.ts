import type { Operations } from '@gantry/api'
import type { Client } from '@gantry/client'
import { GantryError } from '@gantry/errors'

type Condition = NonNullable<Operations['ContainerWait']['query']['condition']>

export interface ReachedState {
  state: string
  /** Of the latest run that has ended. */
  exitCode: number
}

/**
 * Waits until a container is in one of the states: the outer promise resolves when the engine is watching, `reached` with
 * what it saw. Both reject when it cannot come to that, or when the signal fires.
 */
export async function watchStates(
  client: Client,
  id: string,
  states: readonly string[],
  signal?: AbortSignal,
): Promise<{ reached: Promise<ReachedState> }> {
  // An extension of the API: an engine that does not know it refuses the condition.
  const condition = states.join(',') as Condition
  const request = { path: { id }, query: { condition }, ...(signal && { signal }) }
  const { answer } = await client.open('ContainerWait', request)
  // A condition of Docker's own, such as `removed`, is answered in Docker's words, which name no state.
  const [only = ''] = states
  const reached = answer.then(({ StatusCode, State = only, Error: problem }) => {
    if (problem?.Message) throw new GantryError('System', problem.Message)
    return { state: State, exitCode: StatusCode }
  })
  reached.catch(() => {})
  return { reached }
}

/** The states as an error names them; `stopped` without any. */
export function describeStates(states: readonly string[]): string {
  return states.length > 0 ? states.join(' or ') : 'stopped'
}
