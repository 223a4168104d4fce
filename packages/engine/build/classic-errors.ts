/** Failures of builds in the words of Docker's classic builder. */
import { type PlannedInstruction, StepError, StepFailure } from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'
import type { ProgressMessage } from '../contracts.ts'

/** `planned`: the instruction that was being carried out, when the build had come so far. */
export function classicError(
  error: unknown,
  planned: Pick<PlannedInstruction, 'instruction' | 'source'> = { instruction: '', source: '' },
): string {
  if (error instanceof StepError) {
    const from = fromOf(planned.source)
    const cause = classicError(error.cause, planned)
    return from !== null && isImageOf(error, from) ? `invalid from flag value ${from}: ${cause}` : cause
  }
  if (error instanceof StepFailure)
    return `The command '${error.args.join(' ')}' returned a non-zero code: ${error.exitCode}`
  // What BuildKit calls a modifier that is not there.
  const message = describe(error).replace('unsupported modifier (\ufffd)', "missing ':'")
  if (planned.instruction === 'ADD' && /^(Get "|failed to GET )/.test(message))
    return `ADD failed: ${message}`
  if (/^(no source files were specified$|forbidden path outside the build context: )/.test(message))
    return `${planned.instruction} failed: ${message}`
  const [, missing] = /failed to compute cache key: "\/?(.*)": not found(?: \(.*\))?$/.exec(message) ?? []
  if (missing !== undefined) return missingSource(missing, planned)
  const [, target] = /target stage ("(?:[^"\\]|\\.)*") could not be found/.exec(message) ?? []
  if (target !== undefined) return `failed to reach build target ${JSON.parse(target)} in Dockerfile`
  return message
}

/** Whether a step is the image that an instruction copies from. */
export const isImageOf = ({ step }: StepError, from: string): boolean => step.endsWith(`FROM ${from}`)

/** What an instruction copies from, when that is not the context. */
export const fromOf = (source: string): string | null => /\s--from=(\S+)/.exec(source)?.[1] ?? null

function missingSource(
  path: string,
  { instruction, source }: Pick<PlannedInstruction, 'instruction' | 'source'>,
): string {
  const failed = `${instruction || 'COPY'} failed: `
  if (fromOf(source) !== null) return `${failed}stat ${path}: file does not exist`
  return `${failed}file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`
}

/** Mistakes that Docker's parser finds before it looks at instructions: it names the file and not the line. */
const parserMistakes =
  /must have two arguments$|can't find = in|invalid escape token|parser directive can be used|unterminated heredoc|must be comprised of strings/

/** A refusal before anything was told. `name` is the Dockerfile's. */
export function classicRefusal(error: unknown, name: string): string {
  if (error instanceof DockerfileProblem && parserMistakes.test(error.message))
    return `failed to parse ${name}: ${error.message}`
  return classicError(error)
}

/** A mistake in the Dockerfile with its line, in BuildKit's words. */
export function describe(error: unknown): string {
  if (!(error instanceof DockerfileProblem) || error.lines === null) return messageOf(error)
  return `dockerfile parse error on line ${error.lines.first}: ${error.message}`
}

/** For clients that show lines: with those of the Dockerfile that it is about, where they are known. */
export function detailOf(error: unknown): NonNullable<ProgressMessage['errorDetail']> {
  const hasLines = error instanceof StepError || error instanceof DockerfileProblem
  return { message: describe(error), ...(hasLines && error.lines && { lines: error.lines }) }
}
