/** What the engine tells of a build that has failed. */
import type { LineRange } from '@gantry/dockerfile'
import type { JsonMessage } from '../format/json-messages.ts'

export class BuildFailure extends Error {
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
