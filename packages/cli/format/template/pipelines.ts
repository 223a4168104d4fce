/** Parses pipelines: `$x := .Names | join ", "`. */
import { quote, unquote } from '../go/quote.ts'
import type { TokenType } from './lexer.ts'
import type { CommandNode, NilNode, Operand, PipeNode } from './nodes.ts'
import { nodeText } from './nodes.ts'
import { parseNumber } from './number.ts'
import type { TokenReader } from './token-reader.ts'

/** Parses the pipelines of one template, and knows its variables. */
export class PipelineParser {
  readonly #tokens: TokenReader
  readonly #functions: ReadonlySet<string>
  /** Those that are known at this place of the template. */
  variables: string[] = ['$']

  /** `functions` are the names that a template may call. */
  constructor(tokens: TokenReader, functions: ReadonlySet<string>) {
    this.#tokens = tokens
    this.#functions = functions
  }

  /** Up to the token that ends it; what it declares is known from then on. */
  parse(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    this.#tokens.enter()
    const at = this.#tokens.peekNonSpace().at
    const { variables, assigns } = this.#declarations(context)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.#tokens.nextNonSpace()
      if (token.type === end) break
      if (!startsOperand(token.type)) this.#tokens.unexpected(token, context)
      this.#tokens.back(token)
      commands.push(this.#command())
    }
    this.#tokens.leave()
    this.#checkPipeline(commands, context)
    return { type: 'pipe', at, variables, assigns, commands }
  }

  /** `$x :=`, `$x =`, and `$i, $x :=` in a range. */
  #declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = []
    while (this.#tokens.peekNonSpace().type === 'variable') {
      const variable = this.#tokens.nextNonSpace()
      const after = this.#tokens.peek()
      const next = this.#tokens.peekNonSpace()
      if (next.type === 'assign' || next.type === 'declare') {
        this.#tokens.nextNonSpace()
        variables.push(variable.text)
        this.variables.push(variable.text)
        return { variables, assigns: next.type === 'assign' }
      }
      if (next.type === 'char' && next.text === ',') {
        this.#tokens.nextNonSpace()
        variables.push(variable.text)
        this.variables.push(variable.text)
        if (context !== 'range' || variables.length >= 2)
          this.#tokens.fail(`too many declarations in ${context}`)
        if (!['variable', 'rightDelim', 'rightParen'].includes(this.#tokens.peekNonSpace().type)) {
          this.#tokens.fail('range can only initialize variables')
        }
        continue
      }
      if (after.type === 'space') this.#tokens.back(variable, after)
      else this.#tokens.back(variable)
      break
    }
    return { variables, assigns: false }
  }

  #checkPipeline(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#tokens.fail(`missing value for ${context}`)
    const fixed = commands.findIndex(
      (command, stage) =>
        stage > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(command.operands[0]?.type ?? ''),
    )
    if (fixed > 0) this.#tokens.fail(`non executable command in pipeline stage ${fixed + 1}`)
  }

  #command(): CommandNode {
    const at = this.#tokens.peekNonSpace().at
    const operands: Operand[] = []
    for (;;) {
      this.#tokens.peekNonSpace()
      const operand = this.#operand()
      if (operand) operands.push(operand)
      const token = this.#tokens.next()
      if (token.type === 'space') continue
      if (token.type === 'rightDelim' || token.type === 'rightParen') this.#tokens.back(token)
      else if (token.type !== 'pipe') this.#tokens.unexpected(token, 'operand')
      break
    }
    if (operands.length === 0) this.#tokens.fail('empty command')
    return { type: 'command', at, operands }
  }

  /** A term and the fields named after it. */
  #operand(): Operand | undefined {
    const term = this.#term()
    if (!term || this.#tokens.peek().type !== 'field') return term
    const at = this.#tokens.peek().at
    const names: string[] = []
    while (this.#tokens.peek().type === 'field') names.push(this.#tokens.next().text.slice(1))
    switch (term.type) {
      case 'field':
      case 'variable':
        return { ...term, at, names: [...term.names, ...names] }
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#tokens.fail(`unexpected . after term ${quote(nodeText(term))}`)
      default:
        return { type: 'chain', at, node: term, names }
    }
  }

  #term(): Operand | undefined {
    const token = this.#tokens.nextNonSpace()
    const { at, text } = token
    switch (token.type) {
      case 'identifier':
        if (!this.#functions.has(text)) this.#tokens.fail(`function ${quote(text)} not defined`)
        return { type: 'identifier', at, name: text }
      case 'dot':
        return { type: 'dot', at }
      case 'nil':
        return { type: 'nil', at } satisfies NilNode
      case 'variable':
        if (!this.variables.includes(text)) this.#tokens.fail(`undefined variable ${quote(text)}`)
        return { type: 'variable', at, names: [text] }
      case 'field':
        return { type: 'field', at, names: [text.slice(1)] }
      case 'bool':
        return { type: 'bool', at, value: text === 'true' }
      case 'number':
      case 'charConstant': {
        const number = parseNumber(text)
        if ('problem' in number) this.#tokens.fail(number.problem)
        return { type: 'number', at, text, constant: number.constant }
      }
      case 'leftParen':
        return this.parse('parenthesized pipeline', 'rightParen')
      case 'string':
      case 'rawString':
        return {
          type: 'string',
          at,
          literal: text,
          text: unquote(text) ?? this.#tokens.fail('invalid syntax'),
        }
    }
    this.#tokens.back(token)
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
