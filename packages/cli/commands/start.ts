import { messageOf } from '@gantry/errors'
import { detachKeys, killContainer, resizeContainer } from '../container/attached.ts'
import { exitStatus, watchExit } from '../container/exit-status.ts'
import { type CommandContext, type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { copyStreams } from '../streams/copy-streams.ts'
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
  const { client, stdout, stderr } = context
  const container = await client.call('ContainerInspect', { path: { id: name } })
  const id = container.Id ?? name
  const tty = container.Config?.Tty === true
  const useStdin = flags.bool('interactive') && container.Config?.OpenStdin === true
  checkTerminal(context, useStdin, tty)
  const keys = detachKeys(context, flags)
  using _signals = tty ? null : proxySignals(killContainer(context, id))
  const [{ stream }, watch] = await Promise.all([
    client.hijack('ContainerAttach', {
      path: { id },
      query: {
        stream: true,
        stdin: useStdin,
        stdout: true,
        stderr: true,
        ...(keys.text !== undefined && { detachKeys: keys.text }),
      },
    }),
    watchExit(client, id, container.HostConfig?.AutoRemove === true),
  ])
  const copied = copyStreams(stream, {
    tty,
    stdout,
    stderr,
    ...(useStdin && { stdin: context.stdin, detachKeys: keys.bytes }),
  })
  try {
    await client.call('ContainerStart', { path: { id } })
  } catch (error) {
    stream.destroy()
    await copied.catch(() => {})
    throw error
  }
  using _size = tty && stdout.isTTY ? followSize(context, resizeContainer(context, id)) : null
  if ((await copied) === 'detached') return 0
  return exitStatus(watch, stderr)
}
