/** Replaces variables in a word and takes its quotes off, as the Dockerfile reference says under "Environment replacement". */
import type { EscapeCharacter } from './directives.ts'
import { replaceMatches, withoutPrefix, withoutSuffix } from './pattern.ts'
import { DockerfileProblem } from './problem.ts'

/** What variables there are. `get` returns undefined for one that is not set. */
export interface Variables {
  get(name: string): string | undefined
}

export interface Expansion {
  text: string
  /** The words that the text makes: blanks that came out of a variable outside of quotes cut it. */
  words: string[]
  /** Names that were asked for and not set. */
  unset: string[]
}

/** Expands one word. Throws DockerfileProblem `failed to process "word": …`. */
export function expandWord(word: string, variables: Variables, mark: EscapeCharacter): Expansion {
  const expander = new Expander(word, variables, mark)
  try {
    const text = expander.until('')
    return { text, words: expander.words(), unset: [...expander.unset] }
  } catch (error) {
    if (!(error instanceof Mistake)) throw error
    throw new DockerfileProblem(`failed to process ${JSON.stringify(word)}: ${error.message}`)
  }
}

/** What of a text is left as it stands, where it is only to be shown. */
export interface Leaves {
  quotes?: boolean
  /** Variables that are not set. */
  unset?: boolean
}

/** A text for people, with its variables replaced; one that has mistakes as it stands. */
export function expandShown(
  text: string,
  variables: Variables,
  mark: EscapeCharacter,
  leaves: Leaves = {},
): string {
  try {
    return new Expander(text, variables, mark, leaves).until('')
  } catch (error) {
    if (error instanceof Mistake) return text
    throw error
  }
}

class Mistake extends Error {}

/** A few lines can multiply a text without end. The kernel takes no variable of a tenth of this. */
const longestResult = 2 << 20

const namePattern = /[\p{L}_][\p{L}\p{Nd}_]*|\p{Nd}+|[@*#?$!-]/uy

class Expander {
  readonly unset = new Set<string>()
  readonly #input: string
  readonly #variables: Variables
  readonly #escape: EscapeCharacter
  readonly #leaves: Leaves
  /** Parts of the result outside of any `${…}`: with their kind, to cut words. */
  readonly #parts: { text: string; splits: boolean }[] = []
  #position = 0
  #depth = 0

  constructor(input: string, variables: Variables, mark: EscapeCharacter, leaves: Leaves = {}) {
    this.#input = input
    this.#variables = variables
    this.#escape = mark
    this.#leaves = leaves
  }

  #peek(): string {
    return this.#input[this.#position] ?? ''
  }

  #take(): string {
    return this.#input[this.#position++] ?? ''
  }

  /** Reads on to the stop character (which is taken), or to the end when it is empty. `raw` keeps escapes, for patterns. */
  until(stop: string, raw = false): string {
    let result = ''
    for (;;) {
      const character = this.#peek()
      if (character === '') {
        if (stop === '') return result
        throw new Mistake(`unexpected end of statement while looking for matching ${stop}`)
      }
      if (character === stop) {
        this.#take()
        return result
      }
      const part = this.#part(raw)
      if (this.#depth === 0) this.#parts.push(part)
      result += part.text
      if (result.length > longestResult) throw new Mistake('the result is too long')
    }
  }

  #part(raw: boolean): { text: string; splits: boolean } {
    const character = this.#peek()
    if (character === "'") return { text: this.#singleQuoted(), splits: false }
    if (character === '"') return { text: this.#doubleQuoted(), splits: false }
    if (character === '$') return { text: this.#dollar(), splits: true }
    this.#take()
    if (character !== this.#escape) return { text: character, splits: true }
    return { text: (raw ? character : '') + this.#take(), splits: false }
  }

  #singleQuoted(): string {
    const end = this.#input.indexOf("'", this.#position + 1)
    if (end < 0) throw new Mistake('unexpected end of statement while looking for matching single-quote')
    const text = this.#input.slice(this.#position + 1, end)
    this.#position = end + 1
    return this.#quoted(text, "'")
  }

  #quoted(text: string, quote: string): string {
    return this.#leaves.quotes ? quote + text + quote : text
  }

  #doubleQuoted(): string {
    let result = ''
    this.#take()
    for (;;) {
      const character = this.#peek()
      if (character === '')
        throw new Mistake('unexpected end of statement while looking for matching double-quote')
      if (character === '$') {
        result += this.#dollar()
        continue
      }
      this.#take()
      if (character === '"') return this.#quoted(result, character)
      if (character !== this.#escape) {
        result += character
        continue
      }
      const next = this.#take()
      result += next === '"' || next === '$' || next === this.#escape ? next : character + next
    }
  }

  #dollar(): string {
    this.#take()
    if (this.#peek() === '{') {
      this.#take()
      return this.#braced()
    }
    const name = this.#name()
    return name === '' ? '$' : this.#valueOr(name, `$${name}`)
  }

  #name(): string {
    namePattern.lastIndex = this.#position
    const [name = ''] = namePattern.exec(this.#input) ?? []
    this.#position += name.length
    return name
  }

  #value(name: string): string | undefined {
    const value = this.#variables.get(name)
    if (value === undefined) this.unset.add(name)
    return value
  }

  #valueOr(name: string, written: string): string {
    return this.#value(name) ?? (this.#leaves.unset ? written : '')
  }

  #isLeft(name: string): boolean {
    return this.#leaves.unset === true && this.#variables.get(name) === undefined
  }

  /** What stands behind `${`. */
  #braced(): string {
    const name = this.#name()
    if (name === '')
      throw new Mistake(this.#peek() === '' ? "syntax error: missing '}'" : 'syntax error: bad substitution')
    const modifier = this.#take()
    if (modifier === '}') return this.#valueOr(name, `\${${name}}`)
    this.#depth++
    try {
      return this.#modified(name, modifier)
    } finally {
      this.#depth--
    }
  }

  #modified(name: string, modifier: string): string {
    if (modifier === ':') {
      const kind = this.#take()
      if (!'+-?'.includes(kind) || kind === '')
        throw new Mistake(`unsupported modifier (:${kind || '\ufffd'}) in substitution`)
      return this.#conditional(name, kind, true)
    }
    switch (modifier) {
      case '+':
      case '-':
      case '?':
        return this.#conditional(name, modifier, false)
      case '#':
      case '%':
        return this.#trimmed(name, modifier)
      case '/':
        return this.#replaced(name)
      default:
        throw new Mistake(`unsupported modifier (${modifier || '\ufffd'}) in substitution`)
    }
  }

  #word(raw = false): string {
    try {
      return this.until('}', raw)
    } catch (error) {
      if (error instanceof Mistake && error.message.endsWith('matching }'))
        throw new Mistake("syntax error: missing '}'")
      throw error
    }
  }

  /** `colon`: an empty value counts as none. */
  #conditional(name: string, kind: string, colon: boolean): string {
    const word = this.#word()
    const value = this.#variables.get(name)
    if (this.#isLeft(name)) return `\${${name}${colon ? ':' : ''}${kind}${word}}`
    const isSet = value !== undefined && !(colon && value === '')
    if (kind === '+') return isSet ? word : ''
    if (isSet) return value
    if (kind === '-') return word
    const complaint = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty'
    throw new Mistake(`${name}: ${word || complaint}`)
  }

  #trimmed(name: string, modifier: string): string {
    const longest = this.#peek() === modifier
    if (longest) this.#take()
    const pattern = this.#word(true)
    if (this.#isLeft(name)) return `\${${name}${modifier.repeat(longest ? 2 : 1)}${pattern}}`
    const value = this.#value(name) ?? ''
    return (modifier === '#' ? withoutPrefix : withoutSuffix)(value, pattern, longest)
  }

  #replaced(name: string): string {
    const every = this.#peek() === '/'
    if (every) this.#take()
    const pattern = this.until('/', true)
    const text = this.#word()
    if (this.#isLeft(name)) return `\${${name}/${every ? '/' : ''}${pattern}/${text}}`
    return replaceMatches(this.#value(name) ?? '', pattern, text, every)
  }

  words(): string[] {
    const words: string[] = []
    let word: string | null = null
    for (const { text, splits } of this.#parts) {
      const pieces = splits ? text.split(/\s+/) : [text]
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) {
          if (word) words.push(word)
          word = null
        }
        if (piece !== '' || !splits) word = (word ?? '') + piece
      }
    }
    if (word !== null) words.push(word)
    return words
  }
}
