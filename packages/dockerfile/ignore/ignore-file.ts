/** `.dockerignore`: what stays out of a context. */
import { compilePattern, type PathPattern } from './path-pattern.ts'

interface Rule {
  pattern: PathPattern
  /** `!pattern`: brings back what an earlier rule took out. */
  isException: boolean
}

/** The lines of an ignore file that say something, in their order: a pattern, and whether it is one of what stays in (`!`). */
export function ignoreRules(text: string): { path: string; isException: boolean }[] {
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '!')
    .map((line) => {
      const isException = line.startsWith('!')
      return { path: isException ? line.slice(1).trim() : line, isException }
    })
}

export class IgnoreFile {
  readonly #rules: readonly Rule[]
  readonly #hasExceptions: boolean

  /** The text of the file; an empty one ignores nothing. Throws DockerfileProblem for a malformed pattern. */
  constructor(text: string) {
    this.#rules = ignoreRules(text)
      .map(({ path, isException }) => ({ pattern: compilePattern(path), isException }))
      .filter(({ pattern }) => pattern.text !== '' && pattern.text !== '.')
    this.#hasExceptions = this.#rules.some(({ isException }) => isException)
  }

  /** Whether a path (relative to the context, with `/`) stays out. The last rule that fits decides. */
  ignores(path: string): boolean {
    return !(this.#rules.findLast(({ pattern }) => pattern.covers(path))?.isException ?? true)
  }

  /** Whether nothing below the directory can come in, so that it need not be read. */
  prunes(directory: string): boolean {
    if (!this.ignores(directory)) return false
    if (!this.#hasExceptions) return true
    return !this.#rules.some(({ pattern, isException }) => isException && pattern.reaches(directory))
  }
}
