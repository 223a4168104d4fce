/** Fields and methods of values, by the rules of Go's text/template/exec.go. */
import { quote } from '../go/quote.ts'
import { assignable, type GoType, type GoValue, type Method, stringType, typeName } from '../go/types.ts'
import { findField, mapItem } from '../go/value.ts'
import type { Value } from './function.ts'
import type { Scope } from './scope.ts'

export interface FieldRequest {
  /** What the field is of, behind all pointers; `isNil` when the last one leads nowhere. */
  readonly value: GoValue
  readonly isNil: boolean
  /** The type that errors name: that of the receiver before its pointers were followed. */
  readonly shownType: string
  readonly name: string
  readonly hasArguments: boolean
}

/** A field of a struct or an item of a map; undefined for a key that is not there. Throws a TemplateError with Go's words. */
export function fieldOf(scope: Scope, { value, isNil, shownType, name, hasArguments }: FieldRequest): Value {
  if (value.type.kind === 'struct') {
    const found = findField(value.type, value.data, name)
    if (found) {
      if (!found.value) {
        scope.fail(
          `reflect: indirection through nil pointer to embedded struct field ${found.through ? bareName(found.through) : ''}`,
        )
      }
      if (hasArguments) scope.fail(`${name} has arguments but cannot be invoked as function`)
      return found.value
    }
  } else if (value.type.kind === 'map' && assignable(stringType, value.type.key)) {
    if (hasArguments) scope.fail(`${name} is not a method but has arguments`)
    const item = mapItem(value, name)
    if (!item && scope.options.missingKeyIsError) scope.fail(`map has no entry for key ${quote(name)}`)
    return item
  } else if (value.type.kind === 'pointer' && isNil) {
    const target = value.type.element
    if (target.kind !== 'struct' || findField(target, undefined, name)) {
      scope.fail(`nil pointer evaluating ${shownType}.${name}`)
    }
  }
  scope.fail(`can't evaluate field ${name} in type ${shownType}`)
}

const bareName = (type: GoType): string => typeName(type).split('.').at(-1) as string

/** The method of that name; a pointer has those of what it points to. */
export function methodOf(type: GoType, name: string): Method | undefined {
  const own = type.methods && Object.hasOwn(type.methods, name) ? type.methods[name] : undefined
  if (own) return own
  if (type.kind !== 'pointer') return undefined
  const { methods } = type.element
  return methods && Object.hasOwn(methods, name) ? methods[name] : undefined
}
