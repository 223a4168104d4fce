/** How `run` and `create` report what went wrong before a container ran. */
import { messageOf } from '@gantry/errors'
import { ExitError } from '../framework/command.ts'

/** The error with a hint at the command's help page: `gantry: …`, exit code 125. */
export function helpError(error: unknown, program: string, command: 'run' | 'create', code = 125): ExitError {
  const hint = `Run '${program} ${command} --help' for more information`
  return new ExitError(code, `${program}: ${messageOf(error)}\n\n${hint}`, { cause: error })
}

const notFound = [
  'executable file not found',
  'no such file or directory',
  'system cannot find the file specified',
]
const notExecutable = ['permission denied', 'is a directory']

/** An error of creating or starting in `run`: 127 if the command is not there, 126 if it cannot be run, else 125. */
export function runError(error: unknown, program: string): ExitError {
  const message = messageOf(error)
  const has = (parts: readonly string[]) => parts.some((part) => message.includes(part))
  return helpError(error, program, 'run', has(notFound) ? 127 : has(notExecutable) ? 126 : 125)
}
