/** Values of pipelines, by the rules of Go's text/template/exec.go. */
import { quote } from '../go/quote.ts'
import { anyType, canBeNil, type GoType, type GoValue, type Method, typeName } from '../go/types.ts'
import { contentOf, indirect } from '../go/value.ts'
import { fieldOf, methodOf } from './fields.ts'
import { constantOf, fit, fitConstant } from './fit.ts'
import { anyValue, type TemplateFunction, type Value } from './function.ts'
import type { ChainNode, CommandNode, IdentifierNode, Node, Operand, PipeNode } from './nodes.ts'
import { nodeText } from './nodes.ts'
import type { Scope } from './scope.ts'

/** The value that a pipeline hands to its next command; `none` where there is no such command before. */
type Final = { readonly value: Value } | undefined

/** Works out values in one scope. `dot` is what `.` stands for. */
export class Expressions {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** The value of a pipeline; variables that it declares stay until their scope ends. */
  pipeline(dot: Value, pipe: PipeNode): Value {
    this.#scope.node = pipe
    let final: Final
    for (const command of pipe.commands) final = { value: contentOf(this.#command(dot, command, final)) }
    const value = final?.value
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#scope.assign(name, value)
      else this.#scope.declare(name, value)
    }
    return value
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const first = command.operands[0] as Operand
    const args = command.operands.slice(1)
    switch (first.type) {
      case 'field':
        this.#scope.node = first
        return this.#fields(dot, dot, first, first.names, args, final)
      case 'chain':
        return this.#chain(dot, first, args, final)
      case 'identifier':
        return this.#function(dot, first, command, args, final)
      case 'variable':
        return this.#variableFields(dot, first, args, final)
    }
    if (first.type !== 'pipe') this.#scope.node = first
    if (args.length > 0 || final) this.#scope.fail(`can't give argument to non-function ${nodeText(first)}`)
    switch (first.type) {
      case 'pipe':
        return this.pipeline(dot, first)
      case 'dot':
        return dot
      case 'nil':
        return this.#scope.fail('nil is not a command')
      default:
        return constantOf(this.#scope, first)
    }
  }

  #chain(dot: Value, node: ChainNode, args: readonly Operand[], final: Final): Value {
    this.#scope.node = node
    if (node.node.type === 'nil') this.#scope.fail(`indirection through explicit nil in ${nodeText(node)}`)
    const value = this.#argument(dot, undefined, node.node)
    return this.#fields(dot, value, node, node.names, args, final)
  }

  #variableFields(
    dot: Value,
    node: Operand & { type: 'variable' },
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#scope.node = node
    const { value } = this.#scope.variable(node.names[0] as string)
    if (node.names.length > 1) return this.#fields(dot, value, node, node.names.slice(1), args, final)
    if (args.length > 0 || final) this.#scope.fail(`can't give argument to non-function ${nodeText(node)}`)
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
      if (this.#scope.options.missingKeyIsError) this.#scope.fail(`nil data; no entry for key ${quote(name)}`)
      return undefined
    }
    const shownType = typeName(receiver.type)
    const { value, isNil } = indirect(receiver)
    if (!value || (isNil && value.type.kind === 'interface')) {
      this.#scope.fail(`nil pointer evaluating ${shownType}.${name}`)
    }
    const method = methodOf(value.type, name)
    if (method) return this.#callMethod(dot, method, value, node, name, args, final)
    const hasArguments = args.length > 0 || final !== undefined
    return fieldOf(this.#scope, { value, isNil, shownType, name, hasArguments })
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
    this.#scope.node = node
    const callable = this.#scope.options.functions[node.name]
    if (!callable) this.#scope.fail(`${quote(node.name)} is not a defined function`)
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
      this.#scope.fail(
        `wrong number of args for ${name}: want ${wanted} got ${variadic ? args.length : given}`,
      )
    }
    const typeAt = (index: number): GoType => parameters[Math.min(index, parameters.length - 1)] ?? anyType
    const values: Value[] = []
    for (const [index, argument] of args.entries()) {
      const value = this.#argument(dot, typeAt(index), argument)
      if (callable.decides?.(value)) return value
      values.push(value)
    }
    if (final) values.push(fit(this.#scope, final.value, typeAt(values.length)))
    try {
      return callable.call(values, args.map(nodeText))
    } catch (error) {
      this.#scope.node = node
      return this.#scope.fail(
        `error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  #argument(dot: Value, type: GoType | undefined, node: Operand): Value {
    this.#scope.node = node
    switch (node.type) {
      case 'dot':
        return fit(this.#scope, dot, type)
      case 'nil':
        if (type && type !== anyValue && !canBeNil(type))
          this.#scope.fail(`cannot assign nil to ${typeName(type)}`)
        return undefined
      case 'field':
        return fit(this.#scope, this.#fields(dot, dot, node, node.names, [], undefined), type)
      case 'variable':
        return fit(this.#scope, this.#variableFields(dot, node, [], undefined), type)
      case 'pipe':
        return fit(this.#scope, this.pipeline(dot, node), type)
      case 'identifier':
        return fit(this.#scope, this.#function(dot, node, node, [], undefined), type)
      case 'chain':
        return fit(this.#scope, this.#chain(dot, node, [], undefined), type)
      default:
        return fitConstant(this.#scope, node, type)
    }
  }
}
