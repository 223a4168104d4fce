/** `--debug-on-error`: a shell in what a failed RUN left. */
import type { CommandContext } from '../framework/command.ts'
import { copyStreams } from '../streams/copy-streams.ts'
import { Input } from '../streams/input.ts'
import { followSize } from '../streams/terminal.ts'

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
