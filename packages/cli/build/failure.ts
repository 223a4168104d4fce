/** Why a build has failed, as it is shown: the lines of the Dockerfile, what is wrong there, and what may have been meant. */
import { excerpt, type LineRange } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import type { JsonMessage } from '../format/json-messages.ts'
import { ExitError } from '../framework/command.ts'
import { type BuildContext, shownName } from './context-archive.ts'

/** What the engine tells of a build that has failed. */
class BuildFailure extends Error {
  /** Of the Dockerfile. */
  readonly lines: LineRange | null

  constructor(message: string, lines: LineRange | null = null) {
    super(message)
    this.lines = lines
  }
}

/** The failure that a message tells of; null for one that tells of none. */
export function failureOf({ error, errorDetail }: JsonMessage): BuildFailure | null {
  const message = errorDetail?.message ?? error
  return message === undefined ? null : new BuildFailure(message, errorDetail?.lines)
}

/** `file` is what `--file` says. The error ends the command with 1. */
export async function shownFailure(error: unknown, context: BuildContext, file: string): Promise<ExitError> {
  const message = messageOf(error).replace(/^Error response from daemon: /, '')
  const lines = error instanceof BuildFailure && error.lines ? error.lines : linesIn(message)
  const { missingFileHint } = await import('./missing-file.ts')
  const hint = await missingFileHint(message, context)
  const { text } = context
  const place = text === null || !lines ? '' : `${excerpt(shownName(file), text, lines, message)}\n`
  return new ExitError(1, `${place}ERROR: failed to build: failed to solve: ${message}${hint}`)
}

/** A refusal is a message alone. */
function linesIn(message: string): LineRange | null {
  const line = Number(/^dockerfile parse error on line (\d+)/.exec(message)?.[1] ?? 0)
  return line > 0 ? { first: line, last: line } : null
}
