/** The tokens of a template, with a way back, and errors that name the line. */
import { quote } from '../go/quote.ts'
import { TemplateError } from './errors.ts'
import { Lexer, type Token, type TokenType } from './lexer.ts'

/** Deeper nesting than any person writes; keeps the parser's and the evaluator's recursion within the stack. */
const deepest = 200

/** Reads the tokens of one template. What is put back comes again. */
export class TokenReader {
  readonly #name: string
  readonly #lexer: Lexer
  readonly #pushedBack: Token[] = []
  #line = 1
  #depth = 0
  /** Where the current action began; 0 outside of actions. */
  actionLine = 0

  /** `name` is the template's in error texts. */
  constructor(source: string, name: string) {
    this.#name = name
    this.#lexer = new Lexer(source)
  }

  /** Throws a TemplateError with Go's text, for the line of the latest token. */
  fail(message: string): never {
    throw new TemplateError(`template: ${this.#name}:${this.#line}: ${message}`)
  }

  /** Throws for what is nested too deep; `leave` ends the level. */
  enter(): void {
    if (++this.#depth > deepest) this.fail('max expression depth exceeded')
  }

  leave(): void {
    this.#depth--
  }

  next(): Token {
    const token = this.#pushedBack.pop() ?? this.#lexer.next()
    this.#line = token.line
    return token
  }

  /** In the order in which they were read. */
  back(...tokens: Token[]): void {
    this.#pushedBack.push(...tokens.reverse())
  }

  peek(): Token {
    const token = this.next()
    this.back(token)
    return token
  }

  nextNonSpace(): Token {
    let token = this.next()
    while (token.type === 'space') token = this.next()
    return token
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace()
    this.back(token)
    return token
  }

  /** The next token that is no blank. Throws unless it is of that type. */
  expect(type: TokenType, context: string): Token {
    const token = this.nextNonSpace()
    if (token.type !== type) this.unexpected(token, context)
    return token
  }

  /** Throws: this token cannot stand in `context`. */
  unexpected(token: Token, context: string): never {
    if (token.type === 'error') {
      let extra = ''
      if (this.actionLine !== 0 && this.actionLine !== token.line) {
        extra = ` in action started at ${this.#name}:${this.actionLine}`
        if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length)
      }
      this.fail(token.text + extra)
    }
    this.fail(`unexpected ${tokenText(token)} in ${context}`)
  }
}

/** A token as error messages show it. */
function tokenText(token: Token): string {
  if (token.type === 'eof') return 'EOF'
  if (token.type === 'keyword' || token.type === 'nil' || token.type === 'dot') return `<${token.text}>`
  const characters = [...token.text]
  return characters.length > 10 ? `${quote(characters.slice(0, 10).join(''))}...` : quote(token.text)
}
