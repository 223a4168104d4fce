/**
 * Go's types, as far as a template can see them. Docker's templates run on Go values, and what they print, compare and
 * refuse depends on the type: `{{.State}}` prints a struct, `{{eq .Count 1}}` needs an integer.
 */

export type IntegerKind = 'int' | 'int8' | 'int16' | 'int32' | 'int64'
export type UnsignedKind = 'uint' | 'uint8' | 'uint16' | 'uint32' | 'uint64'
export type BasicKind = 'bool' | 'string' | 'float64' | IntegerKind | UnsignedKind

/** What a value holds, by the kind of its type. See `GoValue`. */
export type Data = unknown

/** A value with its type, like Go's reflect.Value. `undefined` stands for Go's invalid value. */
export interface GoValue {
  readonly type: GoType
  /**
   * bool: boolean; string: string; integers: bigint; float64: number; slice: Data[] or null; array: Data[];
   * map: Map<string, Data> or null; struct: Data[] in the order of its fields; pointer: the data it points to, or null;
   * interface: GoValue or null; func: GoFunction.
   */
  readonly data: Data
}

/** A method. The receiver is the data of the type that declares it. */
export interface Method {
  readonly parameters: readonly GoType[]
  readonly result: GoType
  call(receiver: Data, args: readonly GoValue[]): Data
}

interface Named {
  /** The type's name with its package (`container.State`); without one the type is written out (`[]string`). */
  readonly name?: string
  readonly methods?: Readonly<Record<string, Method>>
  /** The type's String method, used wherever a value is printed. */
  readonly stringer?: (data: Data) => string
  /** The type's own JSON form, as text. */
  readonly marshal?: (data: Data) => string
  /** Builds the data from parsed JSON, for types that do not look in JSON as they do in memory. */
  readonly unmarshal?: (json: unknown) => Data
}

export interface BasicType extends Named {
  readonly kind: BasicKind
}
export interface SliceType extends Named {
  readonly kind: 'slice'
  readonly element: GoType
}
export interface ArrayType extends Named {
  readonly kind: 'array'
  readonly element: GoType
  readonly length: number
}
/** Keys are strings, or of a named string type. */
export interface MapType extends Named {
  readonly kind: 'map'
  readonly key: GoType
  readonly element: GoType
}
export interface Field {
  readonly name: string
  /** Key in JSON; '-' for none. */
  readonly json: string
  readonly type: GoType
  readonly omitEmpty?: boolean
  /** Its fields can be named as if they were this struct's own. */
  readonly embedded?: boolean
}
export interface StructType extends Named {
  readonly kind: 'struct'
  readonly fields: readonly Field[]
}
export interface PointerType extends Named {
  readonly kind: 'pointer'
  readonly element: GoType
}
export interface InterfaceType extends Named {
  readonly kind: 'interface'
}
export interface FunctionType extends Named {
  readonly kind: 'func'
}

export type GoType =
  | BasicType
  | SliceType
  | ArrayType
  | MapType
  | StructType
  | PointerType
  | InterfaceType
  | FunctionType

export const boolType: BasicType = { kind: 'bool' }
export const stringType: BasicType = { kind: 'string' }
export const intType: BasicType = { kind: 'int' }
export const int64Type: BasicType = { kind: 'int64' }
export const float64Type: BasicType = { kind: 'float64' }
/** `interface {}`: any value, and what JSON is decoded into without a known type. */
export const anyType: InterfaceType = { kind: 'interface' }

/** `[]element`, or the type called `name` that is one. */
export const sliceOf = (element: GoType, name?: string): SliceType => ({ kind: 'slice', element, name })
/** `map[key]element`, or the type called `name` that is one. */
export const mapOf = (element: GoType, key: GoType = stringType, name?: string): MapType => ({
  kind: 'map',
  key,
  element,
  name,
})
/** `*element`. */
export const pointerTo = (element: GoType): PointerType => ({ kind: 'pointer', element })

/** The type's text in messages and for `%T`. */
export function typeName(type: GoType): string {
  if (type.name) return type.name
  switch (type.kind) {
    case 'slice':
      return `[]${typeName(type.element)}`
    case 'array':
      return `[${type.length}]${typeName(type.element)}`
    case 'map':
      return `map[${typeName(type.key)}]${typeName(type.element)}`
    case 'pointer':
      return `*${typeName(type.element)}`
    case 'interface':
      return 'interface {}'
    case 'func':
      return 'func()'
    case 'struct':
      return 'struct {}'
    default:
      return type.kind
  }
}

const integers = new Set<string>(['int', 'int8', 'int16', 'int32', 'int64'])
const unsigneds = new Set<string>(['uint', 'uint8', 'uint16', 'uint32', 'uint64'])

/** Whether its values are whole numbers with a sign. */
export const isSigned = (type: GoType): boolean => integers.has(type.kind)
/** Whether its values are whole numbers without a sign. */
export const isUnsigned = (type: GoType): boolean => unsigneds.has(type.kind)
/** Whether its values are whole numbers. */
export const isInteger = (type: GoType): boolean => isSigned(type) || isUnsigned(type)

/** Whether nil is a value of the type. */
export const canBeNil = (type: GoType): boolean =>
  ['slice', 'map', 'pointer', 'interface', 'func'].includes(type.kind)

/** Go's AssignableTo: the same type, any type to an interface, or the same underlying type where one side has no name. */
export function assignable(from: GoType, to: GoType): boolean {
  if (from === to || to.kind === 'interface') return true
  if (from.kind !== to.kind) return false
  if (from.name && to.name) return from.name === to.name
  switch (from.kind) {
    case 'slice':
    case 'array':
    case 'pointer':
      return identical(from.element, (to as SliceType).element)
    case 'map':
      return identical(from.element, (to as MapType).element) && identical(from.key, (to as MapType).key)
    default:
      // Go's basic types have names themselves: a string is no nat.Port.
      return !from.name && !to.name && from.kind !== 'struct'
  }
}

/** Whether two types are one. */
const identical = (a: GoType, b: GoType): boolean => a === b || typeName(a) === typeName(b)

/** The zero value's data. */
export function zeroOf(type: GoType): Data {
  switch (type.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'float64':
      return 0
    case 'array':
      return Array.from({ length: type.length }, () => zeroOf(type.element))
    case 'struct':
      return type.unmarshal ? type.unmarshal(undefined) : type.fields.map((field) => zeroOf(field.type))
    case 'slice':
    case 'map':
    case 'pointer':
    case 'interface':
    case 'func':
      return null
    default:
      return 0n
  }
}
