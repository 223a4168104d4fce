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
 * The lines around a place, marked as BuildKit marks them, and with carets below what the message is about:
 *
 *     Dockerfile:2
 *     --------------------
 *        1 |     FROM alpine
 *        2 | >>> RUNN echo
 *          |     ^^^^
 *     --------------------
 */
export function excerpt(name: string, source: string, lines: LineRange, message = ''): string {
  const all = source.split(/\r?\n/).map(printable)
  const from = Math.max(1, lines.first - contextLines)
  const to = Math.min(all.length, lines.last + contextLines)
  const rule = '-'.repeat(20)
  const marked = all.slice(lines.first - 1, lines.last)
  const carets = caretsBelow(marked, message)
  const body = all.slice(from - 1, to).flatMap((text, index) => {
    const number = from + index
    const isMarked = number >= lines.first && number <= lines.last
    const line = `${String(number).padStart(4)} | ${isMarked ? '>>>' : '   '} ${text}`
    return carets?.index === number - lines.first ? [line, `     |     ${carets.text}`] : [line]
  })
  return [`${name}:${lines.first}`, rule, ...body, rule].join('\n')
}

/** Longer lines are cut: a file that is no Dockerfile may be one line. */
const longestLine = 500

/** Without what a terminal would take for a command. */
function printable(line: string): string {
  const text = line.replace(/(?!\t)\p{Cc}/gu, '\ufffd')
  return text.length > longestLine ? `${text.slice(0, longestLine)}…` : text
}

/** Carets below the first word of those that a message names, or the instruction of a line that cannot be read; null for none. */
function caretsBelow(lines: readonly string[], message: string): { index: number; text: string } | null {
  for (const word of wordsOf(message)) {
    const places = lines.map((line) => placeOf(word, line))
    const index = places.findIndex((place) => place !== null)
    const place = places[index]
    if (place) return { index, text: carets(lines[index] ?? '', place.start, place.length) }
  }
  const [, indent = '', instruction = ''] = /^(\s*)(\S+)/.exec(lines[0] ?? '') ?? []
  if (!message.startsWith('dockerfile parse error') || instruction === '') return null
  return { index: 0, text: carets(lines[0] ?? '', indent.length, instruction.length) }
}

/** Where a word is in a line, rather as a whole one than within another; a path with the dots and slashes before it. */
function placeOf(word: string, line: string): { start: number; length: number } | null {
  const before = word.startsWith('/') ? '(?<![^\\s"\'=,[])[./]*' : '(?<![^\\s"\'=,[])'
  const whole = new RegExp(`${before}${RegExp.escape(word)}(?![^\\s"',\\]=])`).exec(line)
  if (whole) return { start: whole.index, length: whole[0].length }
  const start = line.indexOf(word)
  return start < 0 ? null : { start, length: word.length }
}

/** What a message quotes or names at its end; of a path also the form that is relative to its root. */
function wordsOf(message: string): string[] {
  const quoted = [...message.matchAll(/"((?:[^"\\]|\\.)+)"|'([^']+)'/g)].map(([, a, b]) => a ?? b ?? '')
  const [, named] =
    /(?:unknown (?:instruction|flag):|invalid (?:\w+:|value(?= \S+ for))) ["']?([^\s"']+)/.exec(message) ?? []
  const words = named === undefined ? quoted : [named]
  return words
    .flatMap((word) => (word.startsWith('/') ? [word, word.slice(1)] : [word]))
    .filter((word) => word !== '')
}

/** Tabs stay, so that the carets stand where the word does. */
const carets = (line: string, start: number, length: number): string =>
  line.slice(0, start).replace(/[^\t]/g, ' ') + '^'.repeat(length)
