import { existsSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import { type CommandRun, ExitError } from '../framework/command.ts'

/** `gantry daemon`: becomes the daemon, run by the Node.js that belongs to this installation. */
export const daemon: CommandRun = async (_context, args) => {
  const root = installationRoot()
  const node = join(root, 'node_modules', `node-linux-${arch()}`, 'bin/node')
  if (!existsSync(node)) throw new ExitError(1, `Node.js is not installed at ${node}: run scripts/setup`)
  process.execve?.(node, ['gantryd', join(root, 'packages/daemon/main.ts'), ...args], process.env)
}

/** The nearest folder above this command that holds the daemon. Throws if there is none. */
function installationRoot(): string {
  // In the compiled command, sources have names in a file system that only exists inside it.
  const compiled = import.meta.filename.startsWith('/$bunfs/')
  const start = dirname(compiled ? process.execPath : import.meta.filename)
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'packages/daemon/main.ts'))) return folder
    if (folder === dirname(folder)) throw new ExitError(1, `the daemon is not installed beside ${start}`)
  }
}
