/** Cuts a template into tokens, as Go's text/template/parse does. */
import { isPrintable, quote } from '../go/quote.ts'

export type TokenType =
  | 'error'
  | 'eof'
  | 'text'
  | 'leftDelim'
  | 'rightDelim'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'char'
  | 'string'
  | 'rawString'
  | 'charConstant'
  | 'number'
  | 'variable'
  | 'field'
  | 'dot'
  | 'identifier'
  | 'bool'
  | 'nil'
  | 'keyword'

export interface Token {
  readonly type: TokenType
  readonly text: string
  /** Where it starts in the template. */
  readonly at: number
  readonly line: number
}

const keywords = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

const isSpace = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n'
/** Most templates are ASCII, and the classes of Unicode take longer to be made ready than a template to be read. */
const isAlphanumeric = (character: string): boolean =>
  character < '\x80' ? /\w/.test(character) : /[\p{L}\p{Nd}]/u.test(character)

/** Reads one token after the other. After an 'error' or 'eof' token it gives that token again. */
export class Lexer {
  readonly #input: string
  #at = 0
  #line = 1
  #parens = 0
  #inAction = false
  #trimNext = false
  #last: Token | undefined

  constructor(input: string) {
    this.#input = input
  }

  next(): Token {
    if (this.#last?.type === 'error' || this.#last?.type === 'eof') return this.#last
    let token: Token | undefined
    while (!token) token = this.#inAction ? this.#action() : this.#text()
    this.#last = token
    return token
  }

  #token(type: TokenType, end: number): Token {
    const text = this.#input.slice(this.#at, end)
    const token = { type, text, at: this.#at, line: this.#line }
    this.#line += text.split('\n').length - 1
    this.#at = end
    return token
  }

  #error(text: string, at = this.#at): Token {
    return { type: 'error', text, at, line: this.#line }
  }

  #skip(end: number): void {
    this.#token('text', end)
  }

  /** Text up to the next action; undefined when there is none of it. */
  #text(): Token | undefined {
    if (this.#trimNext) {
      this.#trimNext = false
      let end = this.#at
      while (isSpace(this.#input[end])) end++
      this.#skip(end)
    }
    const start = this.#input.indexOf('{{', this.#at)
    if (start < 0) return this.#token(this.#at < this.#input.length ? 'text' : 'eof', this.#input.length)
    const trims = this.#trimsLeft(start)
    let end = start
    if (trims) while (end > this.#at && isSpace(this.#input[end - 1])) end--
    if (end > this.#at) return this.#token('text', end)
    this.#skip(start)
    if (this.#input.startsWith('/*', start + (trims ? 4 : 2))) return this.#comment(start + (trims ? 4 : 2))
    const token = this.#token('leftDelim', start + 2)
    if (trims) this.#skip(start + 4)
    this.#inAction = true
    this.#parens = 0
    return token
  }

  #trimsLeft(start: number): boolean {
    return this.#input[start + 2] === '-' && isSpace(this.#input[start + 3])
  }

  #comment(start: number): Token | undefined {
    const end = this.#input.indexOf('*/', start)
    if (end < 0) return this.#error('unclosed comment')
    const close = /^(?:[ \t\r\n]-)?\}\}/.exec(this.#input.slice(end + 2, end + 6))
    if (!close) return this.#error('comment ends before closing delimiter')
    this.#trimNext = close[0].includes('-')
    this.#skip(end + 2 + close[0].length)
    return undefined
  }

  /** How long the action's end is at this place: 0 for none. */
  #closing(at: number): number {
    if (this.#input.startsWith('}}', at)) return 2
    return isSpace(this.#input[at]) && this.#input.startsWith('-}}', at + 1) ? 4 : 0
  }

  #action(): Token {
    const closing = this.#closing(this.#at)
    if (closing > 0) return this.#close(closing)
    if (this.#at >= this.#input.length) return this.#error('unclosed action')
    const start = this.#at
    const character = String.fromCodePoint(this.#input.codePointAt(start) as number)
    if (isSpace(character)) return this.#spaces()
    switch (character) {
      case '=':
        return this.#token('assign', start + 1)
      case ':':
        return this.#input[start + 1] === '='
          ? this.#token('declare', start + 2)
          : this.#error('expected :=', start)
      case '|':
        return this.#token('pipe', start + 1)
      case '"':
        return this.#quoted('string', 'unterminated quoted string')
      case '`':
        return this.#raw()
      case "'":
        return this.#quoted('charConstant', 'unterminated character constant')
      case '$':
        return this.#fieldOrVariable('variable')
      case '(':
        this.#parens++
        return this.#token('leftParen', start + 1)
      case ')':
        this.#parens--
        return this.#parens < 0 ? this.#error('unexpected right paren') : this.#token('rightParen', start + 1)
    }
    if (character === '.' && !/\d/.test(this.#input[start + 1] ?? '')) return this.#fieldOrVariable('field')
    if (/[.+\-\d]/.test(character)) return this.#number()
    if (isAlphanumeric(character)) return this.#identifier()
    if (/[\x20-\x7e]/.test(character)) return this.#token('char', start + 1)
    return this.#error(`unrecognized character in action: ${codePoint(character)}`)
  }

  #close(length: number): Token {
    if (this.#parens > 0) return this.#error('unclosed left paren')
    this.#trimNext = length === 4
    if (this.#trimNext) this.#skip(this.#at + 2)
    const token = this.#token('rightDelim', this.#at + 2)
    this.#inAction = false
    return token
  }

  #spaces(): Token {
    let end = this.#at
    while (isSpace(this.#input[end])) end++
    // The last blank may belong to the action's end: ` -}}`.
    if (this.#closing(end - 1) === 4) {
      end--
      if (end === this.#at) return this.#action()
    }
    return this.#token('space', end)
  }

  #quoted(type: 'string' | 'charConstant', unterminated: string): Token {
    const mark = this.#input[this.#at]
    for (let end = this.#at + 1; ; end++) {
      const character = this.#input[end]
      if (character === '\\' && this.#input[end + 1] !== '\n' && end + 1 < this.#input.length) end++
      else if (character === undefined || character === '\n' || character === '\\')
        return this.#error(unterminated)
      else if (character === mark) return this.#token(type, end + 1)
    }
  }

  #raw(): Token {
    const end = this.#input.indexOf('`', this.#at + 1)
    return end < 0 ? this.#error('unterminated raw quoted string') : this.#token('rawString', end + 1)
  }

  /** `.Name`, `$name`, or `.` and `$` alone. */
  #fieldOrVariable(type: 'field' | 'variable'): Token {
    let end = this.#at + 1
    if (this.#terminates(end)) return this.#token(type === 'field' ? 'dot' : 'variable', end)
    end = this.#wordEnd(end)
    return this.#terminates(end) ? this.#token(type, end) : this.#badCharacter(end)
  }

  #identifier(): Token {
    const end = this.#wordEnd(this.#at)
    if (!this.#terminates(end)) return this.#badCharacter(end)
    const word = this.#input.slice(this.#at, end)
    if (keywords.has(word)) return this.#token('keyword', end)
    if (word === 'nil') return this.#token('nil', end)
    return this.#token(word === 'true' || word === 'false' ? 'bool' : 'identifier', end)
  }

  #wordEnd(start: number): number {
    let end = start
    while (end < this.#input.length) {
      const character = String.fromCodePoint(this.#input.codePointAt(end) as number)
      if (!isAlphanumeric(character)) break
      end += character.length
    }
    return end
  }

  #terminates(at: number): boolean {
    const character = this.#input[at]
    if (character === undefined || isSpace(character) || '.,|:()'.includes(character)) return true
    return this.#input.startsWith('}}', at)
  }

  #badCharacter(at: number): Token {
    return this.#error(
      `bad character ${codePoint(String.fromCodePoint(this.#input.codePointAt(at) as number))}`,
    )
  }

  #number(): Token {
    const rest = this.#input.slice(this.#at, this.#at + 400)
    const body =
      /^[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/.exec(
        rest,
      )?.[0] ?? ''
    const end = this.#at + body.length
    const following = this.#input.slice(end, end + 2)
    const character = following && String.fromCodePoint(following.codePointAt(0) as number)
    if (character && isAlphanumeric(character)) {
      return this.#error(`bad number syntax: ${quote(body + character)}`)
    }
    return this.#token('number', end)
  }
}

/** A character as Go's %#U shows it. */
function codePoint(character: string): string {
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')
  return isPrintable(character) ? `U+${code} '${character}'` : `U+${code}`
}
