/** Turns a template's text into nodes, with Go's checks and Go's error texts. */
import { quote, unquote } from '../go/quote.ts'
import { TemplateError } from './errors.ts'
import { Lexer, type Token, type TokenType } from './lexer.ts'
import type { BranchNode, CommandNode, NilNode, Operand, PipeNode, Statement, TemplateNode } from './nodes.ts'
import { nodeText } from './nodes.ts'
import { parseNumber } from './number.ts'

/** A parsed template: its main part and what `define` and `block` named. */
export interface ParsedTemplate {
  /** Names the template in error texts; Docker's have none, most of the time. */
  readonly name: string
  readonly source: string
  readonly main: readonly Statement[]
  readonly named: ReadonlyMap<string, readonly Statement[]>
}

/** What may end a list of statements. */
type Stop = { readonly type: 'end'; readonly at: number } | { readonly type: 'else'; readonly at: number }

/** Deeper nesting than any person writes; keeps the parser's and the evaluator's recursion within the stack. */
const deepest = 200

/** Parses; `functions` are the names a template may call. Throws a TemplateError with Go's text. */
export function parseTemplate(source: string, functions: ReadonlySet<string>, name = ''): ParsedTemplate {
  return new Parser(source, functions, name).parse()
}

class Parser {
  readonly #name: string
  readonly #source: string
  readonly #functions: ReadonlySet<string>
  readonly #lexer: Lexer
  readonly #named = new Map<string, Statement[]>()
  readonly #pushedBack: Token[] = []
  #variables: string[] = ['$']
  #line = 1
  #actionLine = 0
  #rangeDepth = 0
  #depth = 0

  constructor(source: string, functions: ReadonlySet<string>, name: string) {
    this.#name = name
    this.#source = source
    this.#functions = functions
    this.#lexer = new Lexer(source)
  }

  parse(): ParsedTemplate {
    const main: Statement[] = []
    while (this.#peek().type !== 'eof') {
      if (this.#definition()) continue
      const node = this.#textOrAction()
      if (node.type === 'end' || node.type === 'else') this.#fail(`unexpected {{${node.type}}}`)
      main.push(node)
    }
    return { name: this.#name, source: this.#source, main, named: this.#named }
  }

  #fail(message: string): never {
    throw new TemplateError(`template: ${this.#name}:${this.#line}: ${message}`)
  }

  #next(): Token {
    const token = this.#pushedBack.pop() ?? this.#lexer.next()
    this.#line = token.line
    return token
  }

  #back(...tokens: Token[]): void {
    this.#pushedBack.push(...tokens.reverse())
  }

  #peek(): Token {
    const token = this.#next()
    this.#back(token)
    return token
  }

  #nextNonSpace(): Token {
    let token = this.#next()
    while (token.type === 'space') token = this.#next()
    return token
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace()
    this.#back(token)
    return token
  }

  #expect(type: TokenType, context: string): Token {
    const token = this.#nextNonSpace()
    if (token.type !== type) this.#unexpected(token, context)
    return token
  }

  #unexpected(token: Token, context: string): never {
    if (token.type === 'error') {
      let extra = ''
      if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
        extra = ` in action started at ${this.#name}:${this.#actionLine}`
        if (token.text.endsWith(' action')) extra = extra.slice(' in action'.length)
      }
      this.#fail(token.text + extra)
    }
    this.#fail(`unexpected ${tokenText(token)} in ${context}`)
  }

  /** `{{define "name"}} … {{end}}` at the top level. */
  #definition(): boolean {
    const open = this.#next()
    if (open.type !== 'leftDelim') {
      this.#back(open)
      return false
    }
    const word = this.#nextNonSpace()
    if (word.type !== 'keyword' || word.text !== 'define') {
      this.#back(open, word)
      return false
    }
    const context = 'define clause'
    const name = this.#templateName(this.#nextNonSpace(), context)
    this.#expect('rightDelim', context)
    this.#named.set(name, this.#body(context))
    return true
  }

  /** A template of its own: variables and loops around it do not reach into it. */
  #body(context: string): Statement[] {
    const saved = [this.#variables, this.#rangeDepth] as const
    this.#variables = ['$']
    this.#rangeDepth = 0
    const { list, stop } = this.#list()
    if (stop.type !== 'end') this.#fail(`unexpected {{${stop.type}}} in ${context}`)
    ;[this.#variables, this.#rangeDepth] = saved
    return list
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'rawString') this.#unexpected(token, context)
    return unquote(token.text) ?? this.#fail('invalid syntax')
  }

  #list(): { list: Statement[]; stop: Stop } {
    if (++this.#depth > deepest) this.#fail('max expression depth exceeded')
    const list: Statement[] = []
    while (this.#peekNonSpace().type !== 'eof') {
      const node = this.#textOrAction()
      if (node.type === 'end' || node.type === 'else') {
        this.#depth--
        return { list, stop: node }
      }
      list.push(node)
    }
    this.#fail('unexpected EOF')
  }

  #textOrAction(): Statement | Stop {
    const token = this.#nextNonSpace()
    if (token.type === 'text') return { type: 'text', at: token.at, text: token.text }
    if (token.type !== 'leftDelim') this.#unexpected(token, 'input')
    this.#actionLine = token.line
    const node = this.#action()
    this.#actionLine = 0
    return node
  }

  #action(): Statement | Stop {
    const token = this.#nextNonSpace()
    if (token.type === 'keyword') {
      switch (token.text) {
        case 'block':
          return this.#block()
        case 'template':
          return this.#template()
        case 'break':
        case 'continue':
          return this.#jump(token, token.text)
        case 'else':
          return this.#else(token)
        case 'end':
          return { type: 'end', at: this.#expect('rightDelim', 'end').at }
        case 'if':
        case 'range':
        case 'with':
          return this.#branch(token, token.text)
      }
    }
    this.#back(token)
    const at = this.#peek().at
    return { type: 'action', at, pipe: this.#pipeline('command', 'rightDelim') }
  }

  #jump(token: Token, word: 'break' | 'continue'): Statement {
    const next = this.#nextNonSpace()
    if (next.type !== 'rightDelim') this.#unexpected(next, `{{${word}}}`)
    if (this.#rangeDepth === 0) this.#fail(`{{${word}}} outside {{range}}`)
    return { type: word, at: token.at }
  }

  #else(token: Token): Stop {
    const next = this.#peekNonSpace()
    // `{{else if …}}` and `{{else with …}}` leave their word to the branch that they continue.
    if (!(next.type === 'keyword' && (next.text === 'if' || next.text === 'with')))
      this.#expect('rightDelim', 'else')
    return { type: 'else', at: token.at }
  }

  #branch(token: Token, type: BranchNode['type']): BranchNode {
    const variables = this.#variables.length
    const pipe = this.#pipeline(type, 'rightDelim')
    if (type === 'range') this.#rangeDepth++
    const { list, stop } = this.#list()
    if (type === 'range') this.#rangeDepth--
    const otherwise = stop.type === 'else' ? this.#otherwise(type) : undefined
    this.#variables.length = variables
    return { type, at: token.at, pipe, list, otherwise }
  }

  #otherwise(type: BranchNode['type']): Statement[] {
    const next = this.#peek()
    if (type !== 'range' && next.type === 'keyword' && next.text === type) {
      this.#next()
      return [this.#branch(next, type)]
    }
    const { list, stop } = this.#list()
    if (stop.type !== 'end') this.#fail(`expected end; found {{${stop.type}}}`)
    return list
  }

  #block(): TemplateNode {
    const context = 'block clause'
    const token = this.#nextNonSpace()
    const name = this.#templateName(token, context)
    const pipe = this.#pipeline(context, 'rightDelim')
    this.#named.set(name, this.#body(context))
    return { type: 'template', at: token.at, name, pipe }
  }

  #template(): TemplateNode {
    const context = 'template clause'
    const token = this.#nextNonSpace()
    const name = this.#templateName(token, context)
    const next = this.#nextNonSpace()
    if (next.type === 'rightDelim') return { type: 'template', at: token.at, name, pipe: undefined }
    this.#back(next)
    return { type: 'template', at: token.at, name, pipe: this.#pipeline(context, 'rightDelim') }
  }

  #pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    if (++this.#depth > deepest) this.#fail('max expression depth exceeded')
    const at = this.#peekNonSpace().at
    const { variables, assigns } = this.#declarations(context)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.#nextNonSpace()
      if (token.type === end) break
      if (!startsOperand(token.type)) this.#unexpected(token, context)
      this.#back(token)
      commands.push(this.#command())
    }
    this.#depth--
    this.#checkPipeline(commands, context)
    return { type: 'pipe', at, variables, assigns, commands }
  }

  /** `$x :=`, `$x =`, and `$i, $x :=` in a range. */
  #declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = []
    while (this.#peekNonSpace().type === 'variable') {
      const variable = this.#nextNonSpace()
      const after = this.#peek()
      const next = this.#peekNonSpace()
      if (next.type === 'assign' || next.type === 'declare') {
        this.#nextNonSpace()
        variables.push(variable.text)
        this.#variables.push(variable.text)
        return { variables, assigns: next.type === 'assign' }
      }
      if (next.type === 'char' && next.text === ',') {
        this.#nextNonSpace()
        variables.push(variable.text)
        this.#variables.push(variable.text)
        if (context !== 'range' || variables.length >= 2) this.#fail(`too many declarations in ${context}`)
        if (!['variable', 'rightDelim', 'rightParen'].includes(this.#peekNonSpace().type)) {
          this.#fail('range can only initialize variables')
        }
        continue
      }
      if (after.type === 'space') this.#back(variable, after)
      else this.#back(variable)
      break
    }
    return { variables, assigns: false }
  }

  #checkPipeline(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`)
    const fixed = commands.findIndex(
      (command, stage) =>
        stage > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(command.operands[0]?.type ?? ''),
    )
    if (fixed > 0) this.#fail(`non executable command in pipeline stage ${fixed + 1}`)
  }

  #command(): CommandNode {
    const at = this.#peekNonSpace().at
    const operands: Operand[] = []
    for (;;) {
      this.#peekNonSpace()
      const operand = this.#operand()
      if (operand) operands.push(operand)
      const token = this.#next()
      if (token.type === 'space') continue
      if (token.type === 'rightDelim' || token.type === 'rightParen') this.#back(token)
      else if (token.type !== 'pipe') this.#unexpected(token, 'operand')
      break
    }
    if (operands.length === 0) this.#fail('empty command')
    return { type: 'command', at, operands }
  }

  /** A term and the fields named after it. */
  #operand(): Operand | undefined {
    const term = this.#term()
    if (!term || this.#peek().type !== 'field') return term
    const at = this.#peek().at
    const names: string[] = []
    while (this.#peek().type === 'field') names.push(this.#next().text.slice(1))
    switch (term.type) {
      case 'field':
      case 'variable':
        return { ...term, at, names: [...term.names, ...names] }
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${quote(nodeText(term))}`)
      default:
        return { type: 'chain', at, node: term, names }
    }
  }

  #term(): Operand | undefined {
    const token = this.#nextNonSpace()
    const { at, text } = token
    switch (token.type) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#fail(`function ${quote(text)} not defined`)
        return { type: 'identifier', at, name: text }
      case 'dot':
        return { type: 'dot', at }
      case 'nil':
        return { type: 'nil', at } satisfies NilNode
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quote(text)}`)
        return { type: 'variable', at, names: [text] }
      case 'field':
        return { type: 'field', at, names: [text.slice(1)] }
      case 'bool':
        return { type: 'bool', at, value: text === 'true' }
      case 'number':
      case 'charConstant': {
        const number = parseNumber(text)
        if ('problem' in number) this.#fail(number.problem)
        return { type: 'number', at, text, constant: number.constant }
      }
      case 'leftParen':
        return this.#pipeline('parenthesized pipeline', 'rightParen')
      case 'string':
      case 'rawString':
        return { type: 'string', at, literal: text, text: unquote(text) ?? this.#fail('invalid syntax') }
    }
    this.#back(token)
    return undefined
  }
}

const operandStarts = new Set<TokenType>([
  'bool',
  'charConstant',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
])

const startsOperand = (type: TokenType): boolean => operandStarts.has(type)

/** A token as error messages show it. */
function tokenText(token: Token): string {
  if (token.type === 'eof') return 'EOF'
  if (token.type === 'keyword' || token.type === 'nil' || token.type === 'dot') return `<${token.text}>`
  const characters = [...token.text]
  return characters.length > 10 ? `${quote(characters.slice(0, 10).join(''))}...` : quote(token.text)
}
