/** Failures of builds in the words of Docker's classic builder. */
import { StepError, StepFailure } from '@gantry/build'
import { DockerfileProblem } from '@gantry/dockerfile'
import { messageOf } from '@gantry/errors'

/** `instruction`: the one that was being carried out, when the build had come so far. */
export function classicError(error: unknown, instruction = ''): string {
  if (error instanceof StepError) return classicError(error.cause, instruction)
  if (error instanceof StepFailure)
    return `The command '${error.args.join(' ')}' returned a non-zero code: ${error.exitCode}`
  const message = describe(error)
  if (instruction === 'ADD' && message.startsWith('Get "')) return `ADD failed: ${message}`
  const [, missing] =
    /failed to compute cache key: "\/?(.*)": not found(?: \(did you mean .*\?\))?$/.exec(message) ?? []
  if (missing !== undefined)
    return `${instruction || 'COPY'} failed: file not found in build context or excluded by .dockerignore: stat ${missing}: file does not exist`
  const [, target] = /target stage ("(?:[^"\\]|\\.)*") could not be found/.exec(message) ?? []
  if (target !== undefined) return `failed to reach build target ${JSON.parse(target)} in Dockerfile`
  return message
}

/** Mistakes that Docker's parser finds before it looks at instructions: it names the file and not the line. */
const parserMistakes =
  /must have two arguments$|can't find = in|unterminated heredoc|must be comprised of strings/

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
