/** Parser directives: `# name=value` at the very top of a Dockerfile. */
import { at, DockerfileProblem } from './problem.ts'

export type EscapeCharacter = '\\' | '`'

export interface Directives {
  escape: EscapeCharacter
  /** The frontend that the file asks for; ours answers for it. */
  syntax?: string
  /** What `--check` should skip, and whether its warnings are errors. */
  check?: string
}

const pattern = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/
const known = ['syntax', 'escape', 'check'] as const

/** Reads the directives of the first lines; the first line that is none ends them. A shebang line may come before. */
export function readDirectives(lines: readonly string[]): Directives {
  const found = new Map<string, string>()
  const from = lines[0]?.startsWith('#!') ? 1 : 0
  for (let index = from; index < lines.length; index++) {
    const [, written = '', value = ''] = pattern.exec(lines[index] ?? '') ?? []
    const name = known.find((candidate) => candidate === written.toLowerCase())
    if (!name) break
    if (found.has(name))
      throw new DockerfileProblem(`only one ${name} parser directive can be used`, {
        first: index,
        last: index,
      })
    if (name === 'escape') at({ first: index + 1, last: index + 1 }, () => escapeOf(value))
    found.set(name, value)
  }
  const [syntax, check] = [found.get('syntax'), found.get('check')]
  return {
    escape: escapeOf(found.get('escape')),
    ...(syntax !== undefined && { syntax: syntax.split(/\s/)[0] ?? '' }),
    ...(check !== undefined && { check }),
  }
}

function escapeOf(value = '\\'): EscapeCharacter {
  if (value === '\\' || value === '`') return value
  throw new DockerfileProblem(`invalid escape token '${value}' does not match \` or \\`)
}
