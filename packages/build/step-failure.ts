import type { LineRange } from '@gantry/dockerfile'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { canonicalName, parseReference, withDefaultTag } from '@gantry/oci'

/** A process of RUN that ended with another code than 0. */
export class StepFailure extends GantryError {
  readonly args: readonly string[]
  readonly exitCode: number

  constructor(args: readonly string[], exitCode: number) {
    const command = JSON.stringify(args.join(' '))
    super('InvalidParameter', `process ${command} did not complete successfully: exit code: ${exitCode}`)
    this.args = args
    this.exitCode = exitCode
  }
}

/** What a step failed of, which is its cause, with the step and its lines in the Dockerfile. */
export class StepError extends GantryError {
  readonly step: string
  readonly lines: LineRange

  constructor(
    cause: unknown,
    { name, lines }: { name: string; lines: LineRange },
    message = messageOf(cause),
  ) {
    super(cause instanceof GantryError ? cause.kind : 'System', message, { cause })
    this.step = name
    this.lines = lines
  }
}

/** Why an image cannot be had, in BuildKit's words; a name that is none says enough by itself. */
export function unresolved(reference: string, error: unknown): string {
  const message = messageOf(error)
  if (isKind(error, 'InvalidParameter')) return message
  return `${reference}: failed to resolve source metadata for ${fullName(reference)}: ${message}`
}

/** Images of named contexts are known by names that are no references. */
function fullName(reference: string): string {
  try {
    return canonicalName(withDefaultTag(parseReference(reference)))
  } catch {
    return reference
  }
}
