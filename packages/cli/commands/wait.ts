import { acrossRestarts } from '../container/across-restarts.ts'
import { eachContainer } from '../container/each-container.ts'
import { timeLimit } from '../container/time-limit.ts'
import { describeStates, watchStates } from '../container/wait-state.ts'
import { type CommandContext, type CommandRun, ExitError } from '../framework/command.ts'

/** `gantry wait`: prints each container's exit code or, with `--state`, the state it has come to. */
export const wait: CommandRun = async (context, names, flags) => {
  const states = flags.list('state').flatMap((text) => text.split(','))
  const timeout = timeLimit(flags, 'timeout')
  try {
    await eachContainer(context, names, async (id) => {
      if (states.length > 0) return await reachedState(context, id, states, timeout)
      return await exitCode(context, id, timeout)
    })
  } catch (error) {
    if (!timeout?.aborted) throw error
    throw new ExitError(124, `timed out waiting for ${names.join(', ')} to be ${describeStates(states)}`)
  }
}

async function exitCode(context: CommandContext, id: string, signal?: AbortSignal): Promise<string> {
  const request = { path: { id }, ...(signal && { signal }) }
  const { StatusCode } = await acrossRestarts(context, signal, () =>
    context.client.call('ContainerWait', request),
  )
  return String(StatusCode)
}

async function reachedState(
  context: CommandContext,
  id: string,
  states: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const { state } = await acrossRestarts(context, signal, async () => {
    const { reached } = await watchStates(context.client, id, states, signal)
    return reached
  })
  return state
}
