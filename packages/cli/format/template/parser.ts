/** Turns a template's text into nodes, with Go's checks and Go's error texts. */
import { unquote } from '../go/quote.ts'
import type { Token } from './lexer.ts'
import type { BranchNode, Statement, TemplateNode } from './nodes.ts'
import { PipelineParser } from './pipelines.ts'
import { TokenReader } from './token-reader.ts'

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

/** Parses; `functions` are the names a template may call. Throws a TemplateError with Go's text. */
export function parseTemplate(source: string, functions: ReadonlySet<string>, name = ''): ParsedTemplate {
  return new Parser(source, functions, name).parse()
}

class Parser {
  readonly #name: string
  readonly #source: string
  readonly #tokens: TokenReader
  readonly #pipelines: PipelineParser
  readonly #named = new Map<string, Statement[]>()
  #rangeDepth = 0

  constructor(source: string, functions: ReadonlySet<string>, name: string) {
    this.#name = name
    this.#source = source
    this.#tokens = new TokenReader(source, name)
    this.#pipelines = new PipelineParser(this.#tokens, functions)
  }

  parse(): ParsedTemplate {
    const main: Statement[] = []
    while (this.#tokens.peek().type !== 'eof') {
      if (this.#definition()) continue
      const node = this.#textOrAction()
      if (node.type === 'end' || node.type === 'else') this.#tokens.fail(`unexpected {{${node.type}}}`)
      main.push(node)
    }
    return { name: this.#name, source: this.#source, main, named: this.#named }
  }

  /** `{{define "name"}} … {{end}}` at the top level. */
  #definition(): boolean {
    const open = this.#tokens.next()
    if (open.type !== 'leftDelim') {
      this.#tokens.back(open)
      return false
    }
    const word = this.#tokens.nextNonSpace()
    if (word.type !== 'keyword' || word.text !== 'define') {
      this.#tokens.back(open, word)
      return false
    }
    const context = 'define clause'
    const name = this.#templateName(this.#tokens.nextNonSpace(), context)
    this.#tokens.expect('rightDelim', context)
    this.#named.set(name, this.#body(context))
    return true
  }

  /** A template of its own: variables and loops around it do not reach into it. */
  #body(context: string): Statement[] {
    const saved = [this.#pipelines.variables, this.#rangeDepth] as const
    this.#pipelines.variables = ['$']
    this.#rangeDepth = 0
    const { list, stop } = this.#list()
    if (stop.type !== 'end') this.#tokens.fail(`unexpected {{${stop.type}}} in ${context}`)
    ;[this.#pipelines.variables, this.#rangeDepth] = saved
    return list
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'rawString') this.#tokens.unexpected(token, context)
    return unquote(token.text) ?? this.#tokens.fail('invalid syntax')
  }

  #list(): { list: Statement[]; stop: Stop } {
    this.#tokens.enter()
    const list: Statement[] = []
    while (this.#tokens.peekNonSpace().type !== 'eof') {
      const node = this.#textOrAction()
      if (node.type === 'end' || node.type === 'else') {
        this.#tokens.leave()
        return { list, stop: node }
      }
      list.push(node)
    }
    this.#tokens.fail('unexpected EOF')
  }

  #textOrAction(): Statement | Stop {
    const token = this.#tokens.nextNonSpace()
    if (token.type === 'text') return { type: 'text', at: token.at, text: token.text }
    if (token.type !== 'leftDelim') this.#tokens.unexpected(token, 'input')
    this.#tokens.actionLine = token.line
    const node = this.#action()
    this.#tokens.actionLine = 0
    return node
  }

  #action(): Statement | Stop {
    const token = this.#tokens.nextNonSpace()
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
          return { type: 'end', at: this.#tokens.expect('rightDelim', 'end').at }
        case 'if':
        case 'range':
        case 'with':
          return this.#branch(token, token.text)
      }
    }
    this.#tokens.back(token)
    const at = this.#tokens.peek().at
    return { type: 'action', at, pipe: this.#pipelines.parse('command', 'rightDelim') }
  }

  #jump(token: Token, word: 'break' | 'continue'): Statement {
    const next = this.#tokens.nextNonSpace()
    if (next.type !== 'rightDelim') this.#tokens.unexpected(next, `{{${word}}}`)
    if (this.#rangeDepth === 0) this.#tokens.fail(`{{${word}}} outside {{range}}`)
    return { type: word, at: token.at }
  }

  #else(token: Token): Stop {
    const next = this.#tokens.peekNonSpace()
    // `{{else if …}}` and `{{else with …}}` leave their word to the branch that they continue.
    if (!(next.type === 'keyword' && (next.text === 'if' || next.text === 'with')))
      this.#tokens.expect('rightDelim', 'else')
    return { type: 'else', at: token.at }
  }

  #branch(token: Token, type: BranchNode['type']): BranchNode {
    const variables = this.#pipelines.variables.length
    const pipe = this.#pipelines.parse(type, 'rightDelim')
    if (type === 'range') this.#rangeDepth++
    const { list, stop } = this.#list()
    if (type === 'range') this.#rangeDepth--
    const otherwise = stop.type === 'else' ? this.#otherwise(type) : undefined
    this.#pipelines.variables.length = variables
    return { type, at: token.at, pipe, list, otherwise }
  }

  #otherwise(type: BranchNode['type']): Statement[] {
    const next = this.#tokens.peek()
    if (type !== 'range' && next.type === 'keyword' && next.text === type) {
      this.#tokens.next()
      return [this.#branch(next, type)]
    }
    const { list, stop } = this.#list()
    if (stop.type !== 'end') this.#tokens.fail(`expected end; found {{${stop.type}}}`)
    return list
  }

  #block(): TemplateNode {
    const context = 'block clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const pipe = this.#pipelines.parse(context, 'rightDelim')
    this.#named.set(name, this.#body(context))
    return { type: 'template', at: token.at, name, pipe }
  }

  #template(): TemplateNode {
    const context = 'template clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const next = this.#tokens.nextNonSpace()
    if (next.type === 'rightDelim') return { type: 'template', at: token.at, name, pipe: undefined }
    this.#tokens.back(next)
    return { type: 'template', at: token.at, name, pipe: this.#pipelines.parse(context, 'rightDelim') }
  }
}
