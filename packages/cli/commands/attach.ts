import type { ContainerInspectResponse } from '@gantry/api'
import {
  allStreams,
  detachKeys,
  detachMessage,
  killContainer,
  resizeContainer,
} from '../container/attached.ts'
import { joinContainer } from '../container/joined-container.ts'
import type { CommandContext, CommandRun } from '../framework/command.ts'
import { proxySignals } from '../streams/signals.ts'
import { checkTerminal, followSize, terminalSize } from '../streams/terminal.ts'

/** `gantry attach`: joins a running container's streams until it ends or the user types the detach keys. */
export const attach: CommandRun = async (context, [name = ''], flags) => {
  const container = await runningContainer(context, name)
  const streams = allStreams(container, !flags.bool('no-stdin'))
  const { tty } = streams
  checkTerminal(context, !flags.bool('no-stdin'), tty)
  const keys = detachKeys(context, flags)
  using _signals = flags.bool('sig-proxy') && !tty ? proxySignals(killContainer(context, name)) : null
  const joined = await joinContainer(context, name, {
    ...streams,
    keys,
    condition: 'not-running',
  })
  // It may have ended in between; nothing would ever come then.
  await runningContainer(context, name)
  if (tty) await nudgeSize(context, name)
  using _size = tty && context.stdout.isTTY ? followSize(context, resizeContainer(context, name)) : null
  const code = await joined.finish(await joined.copy())
  if (code === 'detached') throw new Error(detachMessage)
  return code
}

async function runningContainer({ client }: CommandContext, id: string): Promise<ContainerInspectResponse> {
  const container = await client.call('ContainerInspect', { path: { id } })
  const { Running, Paused, Restarting } = container.State ?? {}
  if (!Running) throw new Error('You cannot attach to a stopped container, start it first')
  if (Paused) throw new Error('You cannot attach to a paused container, unpause it first')
  if (Restarting) throw new Error('You cannot attach to a restarting container, wait until it is running')
  return container
}

/** A program draws its screen again when the size changes: so it is changed a little, and then to what it is. */
async function nudgeSize(context: CommandContext, id: string): Promise<void> {
  const size = terminalSize(context.stdout)
  if (size === undefined) return
  await resizeContainer(context, id)({ rows: size.rows + 1, columns: size.columns + 1 }).catch(() => {})
}
