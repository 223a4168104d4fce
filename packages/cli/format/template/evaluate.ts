/** Runs a parsed template on a Go value, by the rules of Go's text/template/exec.go. */
import { sprint } from '../go/print.ts'
import { quote } from '../go/quote.ts'
import {
  anyType,
  assignable,
  canBeNil,
  type Data,
  type GoType,
  type GoValue,
  isInteger,
  type Method,
  typeName,
  zeroOf,
} from '../go/types.ts'
import {
  contentOf,
  findField,
  goBool,
  goInt,
  goString,
  indirect,
  mapItem,
  sortedEntries,
  truth,
} from '../go/value.ts'
import { TemplateError } from './errors.ts'
import { anyValue, type TemplateFunction, type Value } from './function.ts'
import type {
  BranchNode,
  ChainNode,
  CommandNode,
  IdentifierNode,
  Node,
  Operand,
  PipeNode,
  Statement,
  TemplateNode,
} from './nodes.ts'
import { nodeText } from './nodes.ts'
import type { ParsedTemplate } from './parser.ts'

/** How deep templates may call each other. */
const deepestCall = 500

type Jump = 'break' | 'continue' | undefined

/** The value that a pipeline hands to its next command; `none` where there is no such command before. */
type Final = { readonly value: Value } | undefined

interface Variable {
  readonly name: string
  value: Value
}

export interface ExecuteOptions {
  readonly functions: Readonly<Record<string, TemplateFunction>>
  /** A key that a map does not have is an error, not a missing value. */
  readonly missingKeyIsError?: boolean
}

/** The template's text for this data. Throws a TemplateError with Go's message. */
export function execute(template: ParsedTemplate, data: Value, options: ExecuteOptions): string {
  const run = new Execution(template, template.name, [{ name: '$', value: data }], options, 0)
  try {
    run.walkAll(data, template.main)
  } catch (error) {
    if (error instanceof TemplateError) error.written = run.text
    throw error
  }
  return run.text
}

class Execution {
  text = ''
  readonly #template: ParsedTemplate
  readonly #name: string
  readonly #options: ExecuteOptions
  readonly #depth: number
  readonly #variables: Variable[]
  #node: Node | undefined

  constructor(
    template: ParsedTemplate,
    name: string,
    variables: Variable[],
    options: ExecuteOptions,
    depth: number,
  ) {
    this.#template = template
    this.#name = name
    this.#variables = variables
    this.#options = options
    this.#depth = depth
  }

  #fail(message: string): never {
    const node = this.#node
    if (!node) throw new TemplateError(`template: ${this.#name}: ${message}`)
    const before = this.#template.source.slice(0, node.at)
    const lines = before.split('\n')
    const column = Buffer.byteLength(lines.at(-1) as string)
    throw new TemplateError(
      `template: ${this.#template.name}:${lines.length}:${column}: executing ${quote(this.#name)} at <${nodeText(node)}>: ${message}`,
    )
  }

  walkAll(dot: Value, statements: readonly Statement[]): Jump {
    for (const statement of statements) {
      const jump = this.#walk(dot, statement)
      if (jump) return jump
    }
    return undefined
  }

  #walk(dot: Value, node: Statement): Jump {
    this.#node = node
    switch (node.type) {
      case 'text':
        this.text += node.text
        return undefined
      case 'action': {
        const value = this.#pipeline(dot, node.pipe)
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
        return this.#scoped(() => this.#range(dot, node))
      default:
        return this.#scoped(() => {
          const value = this.#pipeline(dot, node.pipe)
          if (truth(contentOf(value))) return this.walkAll(node.type === 'with' ? value : dot, node.list)
          return node.otherwise ? this.walkAll(dot, node.otherwise) : undefined
        })
    }
  }

  /** Variables declared in the callback end with it. */
  #scoped<T>(body: () => T): T {
    const mark = this.#variables.length
    const result = body()
    this.#variables.length = mark
    return result
  }

  #range(dot: Value, node: BranchNode): Jump {
    this.#node = node
    const { value, isNil } = indirect(this.#pipeline(dot, node.pipe))
    const { variables, assigns } = node.pipe
    const iterations = isNil ? [] : this.#iterations(value, variables.length)
    let any = false
    for (const [index, element] of iterations) {
      any = true
      const jump = this.#scoped(() => {
        if (assigns) {
          if (variables.length > 1) this.#assign(variables[0] as string, index)
          if (variables.length > 0) this.#assign(variables.at(-1) as string, element)
        } else {
          // The pipeline has pushed its variables: the last one is the element, the one before it the index.
          this.#setTop(1, variables.length > 0 ? element : undefined, variables.length > 0)
          this.#setTop(2, index, variables.length > 1)
        }
        return this.walkAll(element, node.list)
      })
      if (jump === 'break') break
    }
    return any || !node.otherwise ? undefined : this.walkAll(dot, node.otherwise)
  }

  #setTop(fromEnd: number, value: Value, wanted: boolean): void {
    const variable = this.#variables.at(-fromEnd)
    if (wanted && variable) variable.value = value
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
      if (variables > 1) this.#fail(`can't use ${sprint([value])} to iterate over more than one variable`)
      for (let index = 0n; index < (data as bigint); index++) yield [goInt(index), { type, data: index }]
    } else {
      this.#fail(`range can't iterate over ${sprint([value])}`)
    }
  }

  #callTemplate(dot: Value, node: TemplateNode): void {
    const body = this.#template.named.get(node.name)
    if (!body) this.#fail(`template ${quote(node.name)} not defined`)
    if (this.#depth >= deepestCall) this.#fail(`exceeded maximum template depth (${deepestCall})`)
    const value = node.pipe ? this.#pipeline(dot, node.pipe) : undefined
    const called = new Execution(
      this.#template,
      node.name,
      [{ name: '$', value }],
      this.#options,
      this.#depth + 1,
    )
    called.walkAll(value, body)
    this.text += called.text
  }

  #print(node: Node, value: Value): void {
    this.#node = node
    const shown = value?.type.kind === 'pointer' ? printable(value) : value
    if (shown?.type.kind === 'func')
      this.#fail(`can't print ${nodeText(node)} of type ${typeName(shown.type)}`)
    this.text += shown ? sprint([shown]) : '<no value>'
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#node = pipe
    let final: Final
    for (const command of pipe.commands) final = { value: contentOf(this.#command(dot, command, final)) }
    const value = final?.value
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#assign(name, value)
      else this.#variables.push({ name, value })
    }
    return value
  }

  #variable(name: string): Variable {
    return (
      this.#variables.findLast((variable) => variable.name === name) ??
      this.#fail(`undefined variable: ${name}`)
    )
  }

  #assign(name: string, value: Value): void {
    this.#variable(name).value = value
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const first = command.operands[0] as Operand
    const args = command.operands.slice(1)
    switch (first.type) {
      case 'field':
        this.#node = first
        return this.#fields(dot, dot, first, first.names, args, final)
      case 'chain':
        return this.#chain(dot, first, args, final)
      case 'identifier':
        return this.#function(dot, first, command, args, final)
      case 'variable':
        return this.#variableFields(dot, first, args, final)
    }
    if (first.type !== 'pipe') this.#node = first
    if (args.length > 0 || final) this.#fail(`can't give argument to non-function ${nodeText(first)}`)
    switch (first.type) {
      case 'pipe':
        return this.#pipeline(dot, first)
      case 'dot':
        return dot
      case 'nil':
        return this.#fail('nil is not a command')
      default:
        return this.#constantOf(first)
    }
  }

  #chain(dot: Value, node: ChainNode, args: readonly Operand[], final: Final): Value {
    this.#node = node
    if (node.node.type === 'nil') this.#fail(`indirection through explicit nil in ${nodeText(node)}`)
    const value = this.#argument(dot, undefined, node.node)
    return this.#fields(dot, value, node, node.names, args, final)
  }

  #variableFields(
    dot: Value,
    node: Operand & { type: 'variable' },
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#node = node
    const { value } = this.#variable(node.names[0] as string)
    if (node.names.length > 1) return this.#fields(dot, value, node, node.names.slice(1), args, final)
    if (args.length > 0 || final) this.#fail(`can't give argument to non-function ${nodeText(node)}`)
    return value
  }

  /** `.A.B.C`: arguments belong to the last name. */
  #fields(
    dot: Value,
    receiver: Value,
    node: Node,
    names: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Value {
    let value = receiver
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1
      value = this.#field(dot, name, node, last ? args : [], last ? final : undefined, value)
    }
    return value
  }

  #field(
    dot: Value,
    name: string,
    node: Node,
    args: readonly Operand[],
    final: Final,
    receiver: Value,
  ): Value {
    if (!receiver) {
      if (this.#options.missingKeyIsError) this.#fail(`nil data; no entry for key ${quote(name)}`)
      return undefined
    }
    const shownType = typeName(receiver.type)
    const { value, isNil } = indirect(receiver)
    if (!value || (isNil && value.type.kind === 'interface')) {
      this.#fail(`nil pointer evaluating ${shownType}.${name}`)
    }
    const method = methodOf(value.type, name)
    if (method) return this.#callMethod(dot, method, value, node, name, args, final)
    const hasArguments = args.length > 0 || final !== undefined
    if (value.type.kind === 'struct') {
      const found = findField(value.type, value.data, name)
      if (found) {
        if (!found.value) {
          this.#fail(
            `reflect: indirection through nil pointer to embedded struct field ${found.through ? bareName(found.through) : ''}`,
          )
        }
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`)
        return found.value
      }
    } else if (value.type.kind === 'map' && assignable(goString('').type, value.type.key)) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`)
      const item = mapItem(value, name)
      if (!item && this.#options.missingKeyIsError) this.#fail(`map has no entry for key ${quote(name)}`)
      return item
    } else if (value.type.kind === 'pointer' && isNil) {
      const target = value.type.element
      if (target.kind !== 'struct' || findField(target, undefined, name)) {
        this.#fail(`nil pointer evaluating ${shownType}.${name}`)
      }
    }
    this.#fail(`can't evaluate field ${name} in type ${shownType}`)
  }

  #callMethod(
    dot: Value,
    method: Method,
    receiver: GoValue,
    node: Node,
    name: string,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const callable: TemplateFunction = {
      parameters: method.parameters,
      call: (values) => ({
        type: method.result,
        data: method.call(receiver.data, values as readonly GoValue[]),
      }),
    }
    return this.#call(dot, callable, node, name, args, final)
  }

  #function(dot: Value, node: IdentifierNode, command: Node, args: readonly Operand[], final: Final): Value {
    this.#node = node
    const callable = this.#options.functions[node.name]
    if (!callable) this.#fail(`${quote(node.name)} is not a defined function`)
    return this.#call(dot, callable, command, node.name, args, final)
  }

  #call(
    dot: Value,
    callable: TemplateFunction,
    node: Node,
    name: string,
    args: readonly Operand[],
    final: Final,
  ): Value {
    const { parameters, variadic } = callable
    const given = args.length + (final ? 1 : 0)
    if (variadic ? given < parameters.length - 1 : given !== parameters.length) {
      const wanted = variadic ? `at least ${parameters.length - 1}` : String(parameters.length)
      this.#fail(`wrong number of args for ${name}: want ${wanted} got ${variadic ? args.length : given}`)
    }
    const typeAt = (index: number): GoType => parameters[Math.min(index, parameters.length - 1)] ?? anyType
    const values: Value[] = []
    for (const [index, argument] of args.entries()) {
      const value = this.#argument(dot, typeAt(index), argument)
      if (callable.decides?.(value)) return value
      values.push(value)
    }
    if (final) values.push(this.#fit(final.value, typeAt(values.length)))
    try {
      return callable.call(values, args.map(nodeText))
    } catch (error) {
      this.#node = node
      return this.#fail(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** The value as a parameter of this type takes it. */
  #fit(value: Value, type: GoType | undefined): Value {
    if (!value) {
      if (!type || type === anyValue || type.kind === 'interface') return undefined
      if (canBeNil(type)) return { type, data: zeroOf(type) }
      this.#fail(`invalid value; expected ${typeName(type)}`)
    }
    if (!type || type === anyValue || assignable(value.type, type)) return value
    const inner = contentOf(value)
    if (inner && inner !== value && assignable(inner.type, type)) return inner
    const held = inner ?? value
    if (held.type.kind === 'pointer' && assignable(held.type.element, type)) {
      if (held.data === null) this.#fail(`dereference of nil pointer of type ${typeName(type)}`)
      return { type: held.type.element, data: held.data }
    }
    this.#fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(held.type)}`)
  }

  #argument(dot: Value, type: GoType | undefined, node: Operand): Value {
    this.#node = node
    switch (node.type) {
      case 'dot':
        return this.#fit(dot, type)
      case 'nil':
        if (type && type !== anyValue && !canBeNil(type)) this.#fail(`cannot assign nil to ${typeName(type)}`)
        return undefined
      case 'field':
        return this.#fit(this.#fields(dot, dot, node, node.names, [], undefined), type)
      case 'variable':
        return this.#fit(this.#variableFields(dot, node, [], undefined), type)
      case 'pipe':
        return this.#fit(this.#pipeline(dot, node), type)
      case 'identifier':
        return this.#fit(this.#function(dot, node, node, [], undefined), type)
      case 'chain':
        return this.#fit(this.#chain(dot, node, [], undefined), type)
      default:
        return this.#constant(node, type)
    }
  }

  #constantOf(node: Operand & { type: 'bool' | 'number' | 'string' }): GoValue {
    if (node.type === 'bool') return goBool(node.value)
    if (node.type === 'string') return goString(node.text)
    return node.constant ?? this.#fail(`${node.text} overflows int`)
  }

  #constant(node: Operand & { type: 'bool' | 'number' | 'string' }, type: GoType | undefined): Value {
    const value = this.#constantOf(node)
    if (!type || type === anyValue || type.kind === 'interface') return value
    if (type.kind === 'bool' || type.kind === 'string') {
      if (node.type !== type.kind) this.#fail(`expected ${type.kind}; found ${nodeText(node)}`)
      return value
    }
    if (isInteger(type)) {
      if (!isInteger(value.type)) this.#fail(`expected integer; found ${nodeText(node)}`)
      return { type, data: value.data }
    }
    this.#fail(`can't handle ${nodeText(node)} for arg of type ${typeName(type)}`)
  }
}

/** A pointer is shown as what it points to; a nil one as `<nil>`. */
const printable = (value: GoValue): Value => indirect(value).value

const bareName = (type: GoType): string => typeName(type).split('.').at(-1) as string

function methodOf(type: GoType, name: string): Method | undefined {
  const own = type.methods && Object.hasOwn(type.methods, name) ? type.methods[name] : undefined
  if (own) return own
  if (type.kind !== 'pointer') return undefined
  const { methods } = type.element
  return methods && Object.hasOwn(methods, name) ? methods[name] : undefined
}
