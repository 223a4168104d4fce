/**
 * JSON in, with the error texts of Go's `encoding/json`: that is what Docker's users see for a malformed body.
 */
import { GantryError } from '@gantry/errors'

/** Parses `text`. Throws InvalidParameter with Go's description of the first mistake. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new GantryError('InvalidParameter', describeMistake(text), { cause })
  }
}

class Mistake extends Error {}

/** Walks a text that JSON.parse has refused and says what is wrong with it, as Go's scanner would. */
export function describeMistake(text: string): string {
  const scanner = new Scanner(text)
  try {
    scanner.value()
    scanner.skipBlanks()
    scanner.refuse('after top-level value')
    return 'unexpected end of JSON input'
  } catch (error) {
    if (error instanceof Mistake) return error.message
    if (error instanceof RangeError) return 'exceeded max depth'
    throw error
  }
}

class Scanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Throws for the current character, or for the end of the text. */
  refuse(where: string): never {
    const character = this.#text.codePointAt(this.#at)
    if (character === undefined) throw new Mistake('unexpected EOF')
    throw new Mistake(`invalid character ${quoteCharacter(String.fromCodePoint(character))} ${where}`)
  }

  skipBlanks(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  value(): void {
    this.skipBlanks()
    const first = this.#text[this.#at]
    if (first === '{') this.#object()
    else if (first === '[') this.#array()
    else if (first === '"') this.#string()
    else if (first === 't') this.#literal('true')
    else if (first === 'f') this.#literal('false')
    else if (first === 'n') this.#literal('null')
    else if (first !== undefined && /[-0-9]/.test(first)) this.#number()
    else this.refuse('looking for beginning of value')
  }

  #object(): void {
    this.#at++
    this.skipBlanks()
    if (this.#take('}')) return
    for (;;) {
      this.skipBlanks()
      if (this.#text[this.#at] !== '"') this.refuse('looking for beginning of object key string')
      this.#string()
      this.skipBlanks()
      if (!this.#take(':')) this.refuse('after object key')
      this.value()
      this.skipBlanks()
      if (this.#take('}')) return
      if (!this.#take(',')) this.refuse('after object key:value pair')
    }
  }

  #array(): void {
    this.#at++
    this.skipBlanks()
    if (this.#take(']')) return
    for (;;) {
      this.value()
      this.skipBlanks()
      if (this.#take(']')) return
      if (!this.#take(',')) this.refuse('after array element')
    }
  }

  #string(): void {
    this.#at++
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined || character < ' ') this.refuse('in string literal')
      this.#at++
      if (character === '"') return
      if (character === '\\') this.#escape()
    }
  }

  #escape(): void {
    if (this.#take('u')) {
      for (let digit = 0; digit < 4; digit++) {
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? ''))
          this.refuse('in \\u hexadecimal character escape')
        this.#at++
      }
      return
    }
    if (!'"\\/bfnrt'.includes(this.#text[this.#at] ?? 'x')) this.refuse('in string escape code')
    this.#at++
  }

  #number(): void {
    this.#take('-')
    if (!this.#take('0')) this.#digits('in numeric literal')
    if (this.#take('.')) this.#digits('after decimal point in numeric literal')
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-')
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(where: string): void {
    const start = this.#at
    while (/[0-9]/.test(this.#text[this.#at] ?? '')) this.#at++
    if (this.#at === start) this.refuse(where)
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (!this.#take(letter)) this.refuse(`in literal ${word} (expecting '${letter}')`)
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }
}

function quoteCharacter(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '"') return `'"'`
  return `'${JSON.stringify(character).slice(1, -1)}'`
}
