/** Values as parameters of functions and methods take them, by the rules of Go's text/template/exec.go. */
import { assignable, canBeNil, type GoType, type GoValue, isInteger, typeName, zeroOf } from '../go/types.ts'
import { contentOf, goBool, goString } from '../go/value.ts'
import { anyValue, type Value } from './function.ts'
import type { Operand } from './nodes.ts'
import { nodeText } from './nodes.ts'
import type { Scope } from './scope.ts'

type Constant = Operand & { type: 'bool' | 'number' | 'string' }

/** The value as a parameter of this type takes it. */
export function fit(scope: Scope, value: Value, type: GoType | undefined): Value {
  if (!value) {
    if (!type || type === anyValue || type.kind === 'interface') return undefined
    if (canBeNil(type)) return { type, data: zeroOf(type) }
    scope.fail(`invalid value; expected ${typeName(type)}`)
  }
  if (!type || type === anyValue || assignable(value.type, type)) return value
  const inner = contentOf(value)
  if (inner && inner !== value && assignable(inner.type, type)) return inner
  const held = inner ?? value
  if (held.type.kind === 'pointer' && assignable(held.type.element, type)) {
    if (held.data === null) scope.fail(`dereference of nil pointer of type ${typeName(type)}`)
    return { type: held.type.element, data: held.data }
  }
  scope.fail(`wrong type for value; expected ${typeName(type)}; got ${typeName(held.type)}`)
}

/** A constant as it stands in the template. */
export function constantOf(scope: Scope, node: Constant): GoValue {
  if (node.type === 'bool') return goBool(node.value)
  if (node.type === 'string') return goString(node.text)
  return node.constant ?? scope.fail(`${node.text} overflows int`)
}

/** A constant as a parameter of this type takes it. */
export function fitConstant(scope: Scope, node: Constant, type: GoType | undefined): Value {
  const value = constantOf(scope, node)
  if (!type || type === anyValue || type.kind === 'interface') return value
  if (type.kind === 'bool' || type.kind === 'string') {
    if (node.type !== type.kind) scope.fail(`expected ${type.kind}; found ${nodeText(node)}`)
    return value
  }
  if (isInteger(type)) {
    if (!isInteger(value.type)) scope.fail(`expected integer; found ${nodeText(node)}`)
    return { type, data: value.data }
  }
  scope.fail(`can't handle ${nodeText(node)} for arg of type ${typeName(type)}`)
}
