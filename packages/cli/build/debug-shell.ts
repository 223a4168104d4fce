/** `--debug-on-error`: a shell in what a failed RUN left. */
import type { CommandContext, Flags } from '../framework/command.ts'
import { copyStreams } from '../streams/copy-streams.ts'
import { Input } from '../streams/input.ts'
import { followSize } from '../streams/terminal.ts'

/** Throws Error when there is nobody to talk to. */
export function checkDebug(context: CommandContext, flags: Flags): boolean {
  if (!flags.bool('debug-on-error')) return false
  if (!context.stdin.isTTY || !context.stdout.isTTY)
    throw new Error('--debug-on-error opens a shell: it needs a terminal as standard input and output')
  return true
}

/** Joins the shell until it ends; the step, with all that it had, is there as long. */
export async function debugShell(context: CommandContext, id: string): Promise<void> {
  const { client, stdin, stdout, stderr } = context
  stderr.write('Launching a shell in the failed step; leave it with "exit".\n')
  const { stream } = await client.hijack('BuildShell', { path: { id } })
  const resize = async ({ rows, columns }: { rows: number; columns: number }): Promise<void> => {
    await client.call('BuildShellResize', { path: { id }, query: { h: rows, w: columns } })
  }
  using _size = followSize(context, resize)
  const input = new Input(stdin, null)
  await copyStreams({ tty: true, stdout, stderr, output: stream, raw: true, input, inputTo: stream })
}
