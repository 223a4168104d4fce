/** Where a template is being evaluated: its variables, and the node that an error would show. */
import { quote } from '../go/quote.ts'
import { TemplateError } from './errors.ts'
import type { TemplateFunction, Value } from './function.ts'
import type { Node } from './nodes.ts'
import { nodeText } from './nodes.ts'
import type { ParsedTemplate } from './parser.ts'

export interface ExecuteOptions {
  readonly functions: Readonly<Record<string, TemplateFunction>>
  /** A key that a map does not have is an error, not a missing value. */
  readonly missingKeyIsError?: boolean
}

interface Variable {
  readonly name: string
  value: Value
}

/** One template, or one that another calls, while it runs. */
export class Scope {
  readonly template: ParsedTemplate
  readonly options: ExecuteOptions
  /** Of the template, or of the part of it that `define` named. */
  readonly name: string
  /** How many templates have called one another to come here. */
  readonly depth: number
  /** What is being evaluated. */
  node: Node | undefined
  readonly #variables: Variable[]

  /** `data` is what `$` stands for. */
  constructor(template: ParsedTemplate, name: string, data: Value, options: ExecuteOptions, depth: number) {
    this.template = template
    this.name = name
    this.options = options
    this.depth = depth
    this.#variables = [{ name: '$', value: data }]
  }

  /** Throws a TemplateError with Go's message, which names the place. */
  fail(message: string): never {
    const { node } = this
    if (!node) throw new TemplateError(`template: ${this.name}: ${message}`)
    const before = this.template.source.slice(0, node.at)
    const lines = before.split('\n')
    const column = Buffer.byteLength(lines.at(-1) as string)
    throw new TemplateError(
      `template: ${this.template.name}:${lines.length}:${column}: executing ${quote(this.name)} at <${nodeText(node)}>: ${message}`,
    )
  }

  /** Variables declared in the callback end with it. */
  within<T>(body: () => T): T {
    const mark = this.#variables.length
    const result = body()
    this.#variables.length = mark
    return result
  }

  /** Makes a variable, which hides others of its name. */
  declare(name: string, value: Value): void {
    this.#variables.push({ name, value })
  }

  /** Throws a TemplateError for a variable that is not there. */
  variable(name: string): Variable {
    return (
      this.#variables.findLast((variable) => variable.name === name) ??
      this.fail(`undefined variable: ${name}`)
    )
  }

  assign(name: string, value: Value): void {
    this.variable(name).value = value
  }

  /** Gives the variable that was declared last (1), or the one before it (2), another value. */
  setDeclared(fromEnd: number, value: Value): void {
    const variable = this.#variables.at(-fromEnd)
    if (variable) variable.value = value
  }
}
