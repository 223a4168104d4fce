import type { CommandContext } from '../framework/command.ts'
import { isLost, reconnected } from './reconnect.ts'

/** Starts a container that is joined already; one that a daemon has started with its last breath has been started. */
export async function startAcross(context: CommandContext, id: string): Promise<void> {
  const { client } = context
  try {
    await client.call('ContainerStart', { path: { id } })
  } catch (error) {
    if (!isLost(error)) throw error
    await reconnected(context, `container ${id}`)
    const { State: state } = await client.call('ContainerInspect', { path: { id } })
    const wasStarted = state?.Running || (state?.Status === 'exited' && !state.Error)
    if (!wasStarted) throw error
  }
}
