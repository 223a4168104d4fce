/** Runs a parsed template on a Go value, by the rules of Go's text/template/exec.go. */
import { sprint } from '../go/print.ts'
import { quote } from '../go/quote.ts'
import { type Data, type GoValue, isInteger, typeName } from '../go/types.ts'
import { contentOf, goInt, indirect, sortedEntries, truth } from '../go/value.ts'
import { TemplateError } from './errors.ts'
import { Expressions } from './expressions.ts'
import type { Value } from './function.ts'
import type { BranchNode, Node, Statement, TemplateNode } from './nodes.ts'
import { nodeText } from './nodes.ts'
import type { ParsedTemplate } from './parser.ts'
import { type ExecuteOptions, Scope } from './scope.ts'

/** How deep templates may call each other. */
const deepestCall = 500

type Jump = 'break' | 'continue' | undefined

/** The template's text for this data. Throws a TemplateError with Go's message. */
export function execute(template: ParsedTemplate, data: Value, options: ExecuteOptions): string {
  const run = new Execution(new Scope(template, template.name, data, options, 0))
  try {
    run.walkAll(data, template.main)
  } catch (error) {
    if (error instanceof TemplateError) error.written = run.text
    throw error
  }
  return run.text
}

/** Statements, one after another, in one scope. */
class Execution {
  text = ''
  readonly #scope: Scope
  readonly #expressions: Expressions

  constructor(scope: Scope) {
    this.#scope = scope
    this.#expressions = new Expressions(scope)
  }

  walkAll(dot: Value, statements: readonly Statement[]): Jump {
    for (const statement of statements) {
      const jump = this.#walk(dot, statement)
      if (jump) return jump
    }
    return undefined
  }

  #walk(dot: Value, node: Statement): Jump {
    this.#scope.node = node
    switch (node.type) {
      case 'text':
        this.text += node.text
        return undefined
      case 'action': {
        const value = this.#expressions.pipeline(dot, node.pipe)
        if (node.pipe.variables.length === 0) this.#print(node, value)
        return undefined
      }
      case 'break':
      case 'continue':
        return node.type
      case 'template':
        this.#callTemplate(dot, node)
        return undefined
      case 'range':
        return this.#scope.within(() => this.#range(dot, node))
      default:
        return this.#scope.within(() => {
          const value = this.#expressions.pipeline(dot, node.pipe)
          if (truth(contentOf(value))) return this.walkAll(node.type === 'with' ? value : dot, node.list)
          return node.otherwise ? this.walkAll(dot, node.otherwise) : undefined
        })
    }
  }

  #range(dot: Value, node: BranchNode): Jump {
    this.#scope.node = node
    const { value, isNil } = indirect(this.#expressions.pipeline(dot, node.pipe))
    const { variables, assigns } = node.pipe
    const iterations = isNil ? [] : this.#iterations(value, variables.length)
    let any = false
    for (const [index, element] of iterations) {
      any = true
      const jump = this.#scope.within(() => {
        if (assigns) {
          if (variables.length > 1) this.#scope.assign(variables[0] as string, index)
          if (variables.length > 0) this.#scope.assign(variables.at(-1) as string, element)
        } else {
          // The pipeline has pushed its variables: the last one is the element, the one before it the index.
          if (variables.length > 0) this.#scope.setDeclared(1, element)
          if (variables.length > 1) this.#scope.setDeclared(2, index)
        }
        return this.walkAll(element, node.list)
      })
      if (jump === 'break') break
    }
    return any || !node.otherwise ? undefined : this.walkAll(dot, node.otherwise)
  }

  *#iterations(value: Value, variables: number): Generator<[Value, Value]> {
    if (!value) return
    const { type, data } = value
    if (type.kind === 'slice' || type.kind === 'array') {
      for (const [index, item] of ((data as Data[] | null) ?? []).entries()) {
        yield [goInt(index), { type: type.element, data: item }]
      }
    } else if (type.kind === 'map') {
      for (const [key, item] of sortedEntries(value)) {
        yield [
          { type: type.key, data: key },
          { type: type.element, data: item },
        ]
      }
    } else if (isInteger(type)) {
      if (variables > 1)
        this.#scope.fail(`can't use ${sprint([value])} to iterate over more than one variable`)
      for (let index = 0n; index < (data as bigint); index++) yield [goInt(index), { type, data: index }]
    } else {
      this.#scope.fail(`range can't iterate over ${sprint([value])}`)
    }
  }

  #callTemplate(dot: Value, node: TemplateNode): void {
    const { template, depth, options } = this.#scope
    const body = template.named.get(node.name)
    if (!body) this.#scope.fail(`template ${quote(node.name)} not defined`)
    if (depth >= deepestCall) this.#scope.fail(`exceeded maximum template depth (${deepestCall})`)
    const value = node.pipe ? this.#expressions.pipeline(dot, node.pipe) : undefined
    const called = new Execution(new Scope(template, node.name, value, options, depth + 1))
    called.walkAll(value, body)
    this.text += called.text
  }

  #print(node: Node, value: Value): void {
    this.#scope.node = node
    const shown = value?.type.kind === 'pointer' ? printable(value) : value
    if (shown?.type.kind === 'func')
      this.#scope.fail(`can't print ${nodeText(node)} of type ${typeName(shown.type)}`)
    this.text += shown ? sprint([shown]) : '<no value>'
  }
}

/** A pointer is shown as what it points to; a nil one as `<nil>`. */
const printable = (value: GoValue): Value => indirect(value).value
