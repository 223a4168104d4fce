/** `--debug-on-error`: a shell in the file system that a failed RUN left. */
import type { CommandContext, Flags } from '../framework/command.ts'
import { parseFlags } from '../framework/flags.ts'
import { find } from '../framework/tree.ts'

/** Throws Error when there is nobody to talk to. */
export function checkDebug({ stdin, stdout }: CommandContext, flags: Flags): boolean {
  if (!flags.bool('debug-on-error')) return false
  if (!stdin.isTTY || !stdout.isTTY)
    throw new Error('--debug-on-error opens a shell: it needs a terminal as standard input and output')
  return true
}

/** Runs the shell until it ends, and removes the image. */
export async function debugShell(context: CommandContext, image: string, network: string): Promise<void> {
  const found = find('run')
  if (!found || !('command' in found)) throw new Error('there is no command to run a shell with')
  context.stderr.write('Launching a shell in the file system of the failed step; leave it with "exit".\n')
  const mode = network === '' || network === 'default' ? [] : ['--network', network]
  const words = ['--rm', '--interactive', '--tty', ...mode, '--entrypoint', '/bin/sh', image]
  const { flags, args } = parseFlags(found.command.flags, words, true)
  try {
    const { run } = await import('../commands/run.ts')
    await run(context, args, flags)
  } finally {
    await context.client.call('ImageDelete', { path: { name: image }, query: { force: true } })
  }
}
