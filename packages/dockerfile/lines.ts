/** Splits a Dockerfile into instructions: comments dropped, continued lines joined, here-documents collected. */
import type { EscapeCharacter } from './directives.ts'
import { type Heredoc, heredocsIn, readHeredoc } from './heredoc.ts'
import { DockerfileProblem, type LineRange } from './problem.ts'

/** One instruction as it was written. */
export interface Statement {
  /** Its name in capitals: `RUN`. */
  name: string
  /** Its name as it was written. */
  written: string
  /** What follows the name. */
  rest: string
  /** All of it, lines joined. */
  source: string
  lines: LineRange
  heredocs: Heredoc[]
  /** The bodies of its here-documents with their ends, as written. */
  documents: string
}

export interface Warning {
  rule: string
  message: string
  lines: LineRange
}

/** Longest line that is read, in bytes. */
const lineLimit = 65_535

const isComment = (line: string): boolean => /^\s*#/.test(line)

/** Returns the instructions in order, and warnings of NoEmptyContinuation. */
export function splitStatements(
  lines: readonly string[],
  mark: EscapeCharacter,
): { statements: Statement[]; warnings: Warning[] } {
  const reader = new StatementReader(lines, mark)
  const statements: Statement[] = []
  for (let statement = reader.next(); statement; statement = reader.next()) statements.push(statement)
  return { statements, warnings: reader.warnings }
}

class StatementReader {
  readonly warnings: Warning[] = []
  readonly #lines: readonly string[]
  readonly #continuation: RegExp
  #index = 0

  constructor(lines: readonly string[], mark: EscapeCharacter) {
    this.#lines = lines
    const pattern = mark === '\\' ? '\\\\' : mark
    this.#continuation = new RegExp(`(^|[^${pattern}])${pattern}[ \\t]*$`)
  }

  next(): Statement | null {
    while (this.#index < this.#lines.length) {
      const line = this.#line().trimStart()
      if (line === '' || isComment(line)) continue
      return this.#statement(line)
    }
    return null
  }

  /** The next line without its end. */
  #line(): string {
    const line = (this.#lines[this.#index++] ?? '').replace(/\r$/, '')
    if (line.length > lineLimit) {
      const place = { first: this.#index, last: this.#index }
      throw new DockerfileProblem(`dockerfile line greater than max allowed size of ${lineLimit}`, place)
    }
    return line
  }

  #statement(start: string): Statement {
    const first = this.#index
    const { text, hasEmptyLines } = this.#continued(start)
    const source = text.trim()
    const [, written = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(source) ?? []
    const name = written.toUpperCase()
    const begin = this.#index
    const heredocs = heredocsIn(name, rest).map((word) => {
      const { body, next } = readHeredoc(word, this.#lines, this.#index, first)
      this.#index = next
      return body
    })
    const lines = { first, last: this.#index }
    if (hasEmptyLines)
      this.warnings.push({
        rule: 'NoEmptyContinuation',
        message: `Empty continuation line found in: ${source}`,
        lines,
      })
    const documents = this.#lines.slice(begin, this.#index).join('\n')
    return { name, written, rest, source, lines, heredocs, documents }
  }

  /** Joins the lines that follow while each ends in the escape character. Nothing is put between them. */
  #continued(start: string): { text: string; hasEmptyLines: boolean } {
    let text = ''
    let hasEmptyLines = false
    let line: string | null = start
    while (line !== null && this.#continuation.test(line)) {
      text += line.replace(this.#continuation, '$1')
      const next = this.#inside()
      hasEmptyLines ||= next.hasEmptyLines
      line = next.line
    }
    return { text: text + (line ?? ''), hasEmptyLines }
  }

  /** The next line of an instruction: comments and empty lines in between do not count. Null at the end of the file. */
  #inside(): { line: string | null; hasEmptyLines: boolean } {
    let hasEmptyLines = false
    while (this.#index < this.#lines.length) {
      const line = this.#line()
      if (isComment(line)) continue
      if (line.trim() !== '') return { line, hasEmptyLines }
      hasEmptyLines ||= this.#index < this.#lines.length
    }
    return { line: null, hasEmptyLines }
  }
}
