import { messageOf } from '@gantry/errors'
import { allStreams, detachKeys, killContainer, resizeContainer } from '../container/attached.ts'
import { joinContainer } from '../container/joined-container.ts'
import { startAcross } from '../container/start-across.ts'
import { type CommandContext, type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { proxySignals } from '../streams/signals.ts'
import { checkTerminal, followSize } from '../streams/terminal.ts'

/** `gantry start`: starts containers and prints their names; with `-a` or `-i` one, whose streams are joined. */
export const start: CommandRun = (context, names, flags) => {
  const attached = flags.bool('attach') || flags.bool('interactive')
  if (attached && names.length > 1) throw new Error('you cannot start and attach multiple containers at once')
  if (flags.string('checkpoint')) return startFrom(context, names, flags)
  if (!attached) return startAll(context, names)
  return startAttached(context, names[0] ?? '', flags)
}

/** From a checkpoint, one container at a time. */
async function startFrom({ client }: CommandContext, names: readonly string[], flags: Flags): Promise<void> {
  if (names.length > 1) throw new Error('you cannot restore multiple containers at once')
  const directory = flags.string('checkpoint-dir')
  await client.call('ContainerRestore', {
    path: { id: names[0] ?? '' },
    query: {
      checkpoint: flags.string('checkpoint'),
      ...(directory && { 'checkpoint-dir': directory }),
    },
  })
}

async function startAll({ client, stdout, stderr }: CommandContext, names: readonly string[]): Promise<void> {
  const failed: string[] = []
  for (const id of names) {
    try {
      await client.call('ContainerStart', { path: { id } })
      stdout.write(`${id}\n`)
    } catch (error) {
      stderr.write(`${messageOf(error)}\n`)
      failed.push(id)
    }
  }
  if (failed.length > 0) throw new ExitError(1, `Error: failed to start containers: ${failed.join(', ')}`)
}

async function startAttached(context: CommandContext, name: string, flags: Flags): Promise<number> {
  const container = await context.client.call('ContainerInspect', { path: { id: name } })
  const id = container.Id ?? name
  const streams = allStreams(container, flags.bool('interactive'))
  const { tty } = streams
  checkTerminal(context, streams.stdin, tty)
  const keys = detachKeys(context, flags)
  using _signals = tty ? null : proxySignals(killContainer(context, id))
  const joined = await joinContainer(context, id, {
    ...streams,
    keys,
    condition: container.HostConfig?.AutoRemove ? 'removed' : 'next-exit',
  })
  const copied = joined.copy()
  try {
    await startAcross(context, id, { hasInput: streams.stdin })
  } catch (error) {
    await joined.abandon(copied)
    throw error
  }
  using _size = tty && context.stdout.isTTY ? followSize(context, resizeContainer(context, id)) : null
  const code = await joined.finish(await copied)
  return code === 'detached' ? 0 : code
}
