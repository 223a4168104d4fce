/** `.dockerignore`: what stays out of a context. */
import { DockerfileProblem } from '../problem.ts'
import { compilePattern, type PathPattern } from './path-pattern.ts'

interface Rule {
  pattern: PathPattern
  /** `!pattern`: brings back what an earlier rule took out. */
  isException: boolean
}

/**
 * The lines of an ignore file that say something, in their order: a pattern, and whether it is one of what stays in (`!`).
 * Throws DockerfileProblem for one that says nothing stays in.
 */
export function ignoreRules(text: string): { path: string; isException: boolean }[] {
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const isException = line.startsWith('!')
      const path = isException ? line.slice(1).trim() : line
      if (isException && /^\/*$/.test(path)) throw new DockerfileProblem('illegal exclusion pattern: "!"')
      return { path, isException }
    })
}

/** Each may be compared with each name of a context. */
const mostRules = 10_000
/** Results that are remembered, one of each rule for a directory: those of a walk come one after the other. */
const mostRemembered = 1_000_000
/** Bytes of a path that the kernel takes, with its end: nothing in a context has a longer one (PATH_MAX). */
const longestPath = 4096

export class IgnoreFile {
  readonly #rules: readonly Rule[]
  readonly #hasExceptions: boolean
  /** Which rules have fitted a directory, or one above it. */
  readonly #fitted = new Map<string, readonly boolean[]>()

  /** The text of the file; an empty one ignores nothing. Throws DockerfileProblem for a malformed pattern, and for too many. */
  constructor(text: string) {
    const rules = ignoreRules(text)
    if (rules.length > mostRules) throw new DockerfileProblem(`more than ${mostRules} patterns to ignore`)
    this.#rules = rules
      .map(({ path, isException }) => ({ pattern: compilePattern(path), isException }))
      .filter(({ pattern }) => pattern.text !== '' && pattern.text !== '.')
    this.#hasExceptions = this.#rules.some(({ isException }) => isException)
  }

  /**
   * Whether a path (relative to the context, with `/`) stays out. The last rule that fits it, or a directory above it,
   * decides. As with Docker, a rule is not asked where it would change nothing: an exception that fits a directory
   * which was not out counts for nothing below it.
   */
  ignores(path: string): boolean {
    if (path.length >= longestPath) return false
    const above = this.#above(path)
    let isOut = false
    for (const [index, rule] of this.#rules.entries())
      if (fits(rule, path, above?.[index] ?? false, isOut)) isOut = !rule.isException
    return isOut
  }

  /** Null for the top. */
  #above(path: string): readonly boolean[] | null {
    const slash = path.lastIndexOf('/')
    if (slash < 0) return null
    const directory = path.slice(0, slash)
    const known = this.#fitted.get(directory)
    if (known) return known
    const above = this.#above(directory)
    let isOut = false
    const fitted = this.#rules.map((rule, index) => {
      const fit = fits(rule, directory, above?.[index] ?? false, isOut)
      if (fit) isOut = !rule.isException
      return fit
    })
    if ((this.#fitted.size + 1) * this.#rules.length > mostRemembered) this.#fitted.clear()
    this.#fitted.set(directory, fitted)
    return fitted
  }

  /** Whether nothing below the directory can come in, so that it need not be read. */
  prunes(directory: string): boolean {
    if (!this.ignores(directory)) return false
    if (!this.#hasExceptions) return true
    return !this.#rules.some(({ pattern, isException }) => isException && pattern.reaches(directory))
  }
}

/** `fittedAbove`: a directory above the path. `isOut`: what the rules before say. */
const fits = ({ pattern, isException }: Rule, path: string, fittedAbove: boolean, isOut: boolean): boolean =>
  fittedAbove || (isException === isOut && pattern.names(path))
