/** How the text behind an instruction is cut: words with their quotes, flags, JSON lists, name=value pairs. */
import type { EscapeCharacter } from './directives.ts'
import { DockerfileProblem } from './problem.ts'

/** Cuts at blanks outside of quotes. Quotes and escapes stay in the words. */
export function splitWords(text: string, mark: EscapeCharacter): string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character === mark && quote !== "'") {
      word += character + (text[++index] ?? '')
    } else if (quote !== '') {
      if (character === quote) quote = ''
      word += character
    } else if (/\s/.test(character)) {
      if (word !== '') words.push(word)
      word = ''
    } else {
      if (character === '"' || character === "'") quote = character
      word += character
    }
  }
  if (word !== '') words.push(word)
  return words
}

/** The flags that come first, `--name=value`, without their quotes, and what follows them. */
export function takeFlags(text: string, mark: EscapeCharacter): { flags: string[]; rest: string } {
  const flags: string[] = []
  let index = 0
  for (;;) {
    while (/\s/.test(text[index] ?? '')) index++
    if (!text.startsWith('--', index)) return { flags, rest: text.slice(index) }
    const { word, end } = takeFlag(text, index, mark)
    index = end
    if (word === '--') return { flags, rest: text.slice(index).trimStart() }
    flags.push(word)
  }
}

function takeFlag(text: string, from: number, mark: EscapeCharacter): { word: string; end: number } {
  let word = ''
  let quote = ''
  let index = from
  for (; index < text.length; index++) {
    const character = text[index] ?? ''
    if (quote === '' && /\s/.test(character)) break
    if (character === mark) word += text[++index] ?? ''
    else if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
    else word += character
  }
  return { word, end: index }
}

/** The items of a JSON list of strings; null when the text is none. Throws for a list of anything else. */
export function parseJsonList(text: string): string[] | null {
  if (!text.startsWith('[')) return null
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(list)) return null
  if (list.every((item): item is string => typeof item === 'string')) return list
  throw new DockerfileProblem('when using JSON array syntax, arrays must be comprised of strings only')
}

/** Words cut at blanks, whatever they hold. */
export const splitBlanks = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

export interface Pair {
  key: string
  value: string
  /** Written in the old form, `ENV KEY the rest of the line`. */
  legacy?: true
}

/** `K=V …`, or the old form `K the rest`. `name` is the instruction's, for errors. */
export function parsePairs(name: string, text: string, mark: EscapeCharacter): Pair[] {
  const words = splitWords(text, mark)
  if (words[0] === undefined) return []
  if (!words[0].includes('=')) {
    const [, key = '', value] = /^(\S+)\s+([\s\S]+)$/.exec(text) ?? []
    if (value === undefined) throw new DockerfileProblem(`${name} must have two arguments`)
    return [{ key, value, legacy: true }]
  }
  return words.map((word) => {
    const equals = word.indexOf('=')
    if (equals < 0)
      throw new DockerfileProblem(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      )
    return { key: word.slice(0, equals), value: word.slice(equals + 1) }
  })
}
