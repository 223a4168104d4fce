import { GantryError } from '@gantry/errors'

/** Lines of the Dockerfile, both included, counted from 1. */
export interface LineRange {
  first: number
  last: number
}

/** A mistake in a Dockerfile, with where it is. The message is BuildKit's, without the location. */
export class DockerfileProblem extends GantryError {
  readonly lines: LineRange | null

  constructor(message: string, lines: LineRange | null = null, options?: ErrorOptions) {
    super('InvalidParameter', message, options)
    this.name = 'DockerfileProblem'
    this.lines = lines
  }
}

/** Runs `work`; a problem without a location gets this one. */
export function at<T>(lines: LineRange, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof DockerfileProblem && error.lines === null)
      throw new DockerfileProblem(error.message, lines, { cause: error })
    throw error
  }
}

const contextLines = 2

/**
 * The lines around a place, marked as BuildKit marks them:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM alpine
 *        2 | >>> RUNN echo
 *     --------------------
 */
export function excerpt(name: string, source: string, lines: LineRange): string {
  const all = source.split(/\r?\n/)
  const from = Math.max(1, lines.first - contextLines)
  const to = Math.min(all.length, lines.last + contextLines)
  const rule = '-'.repeat(20)
  const body = all.slice(from - 1, to).map((text, index) => {
    const number = from + index
    const mark = number >= lines.first && number <= lines.last ? '>>>' : '   '
    return `${String(number).padStart(4)} | ${mark} ${text}`
  })
  return [`${name}:${lines.first}`, rule, ...body, rule].join('\n')
}
