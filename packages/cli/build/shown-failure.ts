/** Why a build has failed, as it is shown: the lines of the Dockerfile, what is wrong there, and what may have been meant. */
import { excerpt, type LineRange } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import { ExitError } from '../framework/command.ts'
import { type BuildContext, shownName } from './context-archive.ts'
import { BuildFailure } from './failure.ts'
import { missingFileHint } from './missing-file.ts'

/** `file` is what `--file` says. The error ends the command with 1. */
export async function shownFailure(error: unknown, context: BuildContext, file: string): Promise<ExitError> {
  const message = messageOf(error).replace(/^Error response from daemon: /, '')
  const lines = error instanceof BuildFailure && error.lines ? error.lines : linesIn(message)
  const hint = await missingFileHint(message, context)
  const { text } = context
  const place = text === null || !lines ? '' : `${excerpt(shownName(file), text, lines, message)}\n`
  // Words of the Dockerfile are in it: nothing in them reaches a terminal as a command.
  const shown = `${message}${hint}`.replace(/(?![\t\n])\p{Cc}/gu, '\ufffd')
  return new ExitError(1, `${place}ERROR: failed to build: failed to solve: ${shown}`)
}

/** A refusal is a message alone. */
function linesIn(message: string): LineRange | null {
  const line = Number(/^dockerfile parse error on line (\d+)/.exec(message)?.[1] ?? 0)
  return line > 0 ? { first: line, last: line } : null
}
