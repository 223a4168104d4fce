import { isKind } from '@gantry/errors'
import type { CommandContext } from '../framework/command.ts'
import { isLost, reconnected } from './reconnect.ts'

/**
 * Starts a container that is joined already. When the daemon goes meanwhile, the next one is asked: what was started with
 * the last breath of the other has been started, and what was not is started now, unless it has input, whose connection
 * is gone.
 */
export async function startAcross(
  context: CommandContext,
  id: string,
  { hasInput }: { hasInput: boolean },
): Promise<void> {
  const { client } = context
  try {
    await client.call('ContainerStart', { path: { id } })
  } catch (error) {
    if (!isLost(error)) throw error
    await reconnected(context, `container ${id}`)
    const { State: state } = await client.call('ContainerInspect', { path: { id } }).catch((reason) => {
      // It removes itself, and could not be started any more.
      throw isKind(reason, 'NotFound') ? error : reason
    })
    if (state?.Status === 'created' && !state.Error && !hasInput)
      return await startAcross(context, id, { hasInput })
    const wasStarted = state?.Running || (state?.Status === 'exited' && !state.Error)
    if (!wasStarted) throw error
  }
}
