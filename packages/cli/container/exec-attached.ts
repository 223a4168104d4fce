import { type CommandContext, ExitError } from '../framework/command.ts'
import { copyStreams } from '../streams/copy-streams.ts'
import { followSize, terminalSize } from '../streams/terminal.ts'
import { detachMessage } from './attached.ts'

export interface ExecStreams {
  tty: boolean
  interactive: boolean
  detachKeys: Uint8Array
}

/** Starts an exec and joins its streams; ends with its exit code. */
export async function runExec(
  context: CommandContext,
  id: string,
  { tty, interactive, detachKeys }: ExecStreams,
): Promise<number> {
  const { client, stdout, stderr } = context
  const { stream } = await client.hijack('ExecStart', {
    path: { id },
    body: { Detach: false, Tty: tty, ...consoleSize(context, tty) },
  })
  const resize = async ({ rows, columns }: { rows: number; columns: number }) => {
    await client.call('ExecResize', { path: { id }, query: { h: rows, w: columns } })
  }
  using _size = tty && interactive && stdout.isTTY ? followSize(context, resize) : null
  const streams = { tty, stdout, stderr, ...(interactive && { stdin: context.stdin, detachKeys }) }
  if ((await copyStreams(stream, streams)) === 'detached') throw new Error(detachMessage)
  const { ExitCode } = await client.call('ExecInspect', { path: { id } })
  if (ExitCode) throw new ExitError(ExitCode)
  return 0
}

/** The size of the terminal, as the API takes it; nothing without one. */
export function consoleSize({ stdout }: CommandContext, tty: boolean): { ConsoleSize?: number[] } {
  const size = tty ? terminalSize(stdout) : undefined
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }
}
