/** Here-documents: `<<WORD` in RUN, COPY and ADD, also behind ONBUILD. */
import { DockerfileProblem } from './problem.ts'
import { splitWords } from './words.ts'

export interface Heredoc {
  /** The word that ends it, without quotes: for COPY and ADD also the name of the file. */
  name: string
  content: string
  /** Whether variables in it are replaced: not when any part of the word is quoted. */
  expand: boolean
  /** `<<-`: leading tabs of every line do not count. */
  chomp: boolean
  /** The file descriptor before `<<`; empty for standard input. */
  descriptor: string
}

export type HeredocWord = Omit<Heredoc, 'content'>

const withDocuments = new Set(['RUN', 'COPY', 'ADD'])

/** What `word` says of a here-document; null when it starts none. */
export function parseHeredocWord(word: string): HeredocWord | null {
  const [, descriptor, dash, written] = /^(\d*)<<(-?)\s*([^<]*)$/.exec(word) ?? []
  if (descriptor === undefined || !written) return null
  const name = written.replace(/\\(.)|["']/g, '$1')
  if (name === '' || (/\s/.test(written) && !/["']/.test(written))) return null
  return { name, expand: !/["'\\]/.test(written), chomp: dash === '-', descriptor }
}

/** The here-documents that an instruction announces, in the order of their bodies. */
export function heredocsIn(name: string, rest: string): HeredocWord[] {
  if (name === 'ONBUILD') {
    const [, inner = '', more = ''] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? []
    const trigger = inner.toUpperCase()
    // A trigger of a trigger is refused, and there may be thousands of them.
    return trigger === 'ONBUILD' ? [] : heredocsIn(trigger, more)
  }
  if (!withDocuments.has(name) || isExecForm(rest)) return []
  return splitWords(rest, '\\').flatMap((word) => parseHeredocWord(word) ?? [])
}

function isExecForm(rest: string): boolean {
  if (!rest.startsWith('[')) return false
  try {
    return Array.isArray(JSON.parse(rest))
  } catch {
    return false
  }
}

/** Reads one body from `lines[from]` on. `announced` is the line of the instruction, for the error. */
export function readHeredoc(
  word: HeredocWord,
  lines: readonly string[],
  from: number,
  announced: number,
): { body: Heredoc; next: number } {
  let content = ''
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const bare = line.replace(/\r$/, '')
    if ((word.chomp ? bare.replace(/^\t+/, '') : bare) === word.name)
      return { body: { ...word, content }, next: index + 1 }
    content += `${line}\n`
  }
  throw new DockerfileProblem('unterminated heredoc', { first: announced, last: announced })
}

/** The content with leading tabs of each line dropped, when the document says so. */
export const chomped = ({ chomp, content }: Heredoc): string =>
  chomp ? content.replace(/^\t+/gm, '') : content

/** The document that is all of a RUN: its script, or a program of its own. */
export function loneDocument({ form, args: [text = ''], heredocs }: LoneDocumentOf): Heredoc | null {
  const [document, ...others] = heredocs
  const isLone = form === 'shell' && others.length === 0 && /^\d*<<-?\s*\S+$/.test(text.trim())
  return document && isLone ? document : null
}

type LoneDocumentOf = { form: 'shell' | 'exec'; args: readonly string[]; heredocs: readonly Heredoc[] }

/** Its first line, as it is shown. */
export function summaryOf({ content }: Heredoc): string {
  const [first = '', ...others] = content.trim().split(/\r?\n/)
  return others.length > 0 ? `${first}...` : first
}
