import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CommandRun, ExitError } from '../framework/command.ts'

const launcherPath = 'scripts/gantryd'

/** `gantry daemon`: becomes the daemon, run by the Node.js that belongs to this installation. */
export const daemon: CommandRun = async (_context, args) => {
  const root = installationRoot()
  const launcher = join(root, launcherPath)
  if (!process.execve) throw new ExitError(1, 'this system cannot run the daemon in place of the command')
  process.execve('/bin/sh', ['gantryd', launcher, ...args], process.env)
}

/** The nearest folder above this command that holds the daemon. Throws if there is none. */
function installationRoot(): string {
  // In the compiled command, sources have names in a file system that only exists inside it.
  const compiled = import.meta.filename.startsWith('/$bunfs/')
  const start = dirname(compiled ? process.execPath : import.meta.filename)
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, launcherPath))) return folder
    if (folder === dirname(folder)) throw new ExitError(1, `the daemon is not installed beside ${start}`)
  }
}
