import { detachKeys, detachMessage } from '../container/attached.ts'
import { type CommandContext, type CommandRun, ExitError, type Flags } from '../framework/command.ts'
import { readVariables } from '../options/key-values.ts'
import { copyStreams } from '../streams/copy-streams.ts'
import { checkTerminal, followSize, terminalSize } from '../streams/terminal.ts'

/** `gantry exec`: runs a command in a running container and ends with its exit code. */
export const exec: CommandRun = async (context, [container = '', ...command], flags) => {
  const { client } = context
  const detach = flags.bool('detach')
  const tty = flags.bool('tty')
  const interactive = flags.bool('interactive') && !detach
  const keys = detachKeys(context, flags)
  const env = readVariables(flags.list('env-file'), flags.list('env'), context.env)
  if (interactive && tty && !context.stdin.isTTY) {
    // A container that is not there is the worse mistake.
    await client.call('ContainerInspect', { path: { id: container } })
    checkTerminal(context, interactive, tty)
  }
  const { Id: id } = await client.call('ContainerExec', {
    path: { id: container },
    body: {
      User: flags.string('user'),
      WorkingDir: flags.string('workdir'),
      Privileged: flags.bool('privileged'),
      Tty: tty,
      AttachStdin: interactive,
      AttachStdout: !detach,
      AttachStderr: !detach,
      Cmd: command,
      ...(env.length > 0 && { Env: env }),
      ...(keys.text !== undefined && { DetachKeys: keys.text }),
      ...consoleSize(context, tty),
    },
  })
  if (detach) {
    await client.call('ExecStart', { path: { id }, body: { Detach: true, Tty: tty } })
    return 0
  }
  return runAttached(context, id, flags, keys.bytes)
}

async function runAttached(
  context: CommandContext,
  id: string,
  flags: Flags,
  keys: Uint8Array,
): Promise<number> {
  const { client, stdout, stderr } = context
  const tty = flags.bool('tty')
  const { stream } = await client.hijack('ExecStart', {
    path: { id },
    body: { Detach: false, Tty: tty, ...consoleSize(context, tty) },
  })
  const resize = async ({ rows, columns }: { rows: number; columns: number }) => {
    await client.call('ExecResize', { path: { id }, query: { h: rows, w: columns } })
  }
  using _size = tty && flags.bool('interactive') && stdout.isTTY ? followSize(context, resize) : null
  const streams = {
    tty,
    stdout,
    stderr,
    ...(flags.bool('interactive') && { stdin: context.stdin, detachKeys: keys }),
  }
  if ((await copyStreams(stream, streams)) === 'detached') throw new Error(detachMessage)
  const { ExitCode } = await client.call('ExecInspect', { path: { id } })
  if (ExitCode) throw new ExitError(ExitCode)
  return 0
}

function consoleSize({ stdout }: CommandContext, tty: boolean): { ConsoleSize?: number[] } {
  const size = tty ? terminalSize(stdout) : undefined
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }
}
