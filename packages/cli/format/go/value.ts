/** Building Go values and taking them apart. */
import {
  boolType,
  type Data,
  type Field,
  float64Type,
  type GoType,
  type GoValue,
  intType,
  type MapType,
  type StructType,
  sliceOf,
  stringType,
} from './types.ts'

/** A `string`. */
export const goString = (text: string): GoValue => ({ type: stringType, data: text })
/** A `bool`. */
export const goBool = (value: boolean): GoValue => ({ type: boolType, data: value })
/** An `int`, of a whole number: throws a RangeError for another. */
export const goInt = (value: number | bigint): GoValue => ({ type: intType, data: BigInt(value) })
/** A `float64`. */
export const goFloat = (value: number): GoValue => ({ type: float64Type, data: value })
/** A `[]string`. */
export const goStrings = (texts: readonly string[]): GoValue => ({ type: sliceOf(stringType), data: texts })

/** What an interface holds: the value itself for any other type, undefined for a nil interface. */
export function contentOf(value: GoValue | undefined): GoValue | undefined {
  return value?.type.kind === 'interface' ? ((value.data as GoValue | null) ?? undefined) : value
}

/** Follows pointers and interfaces to the value behind them, or to the nil that ends the way. */
export function indirect(value: GoValue | undefined): { value: GoValue | undefined; isNil: boolean } {
  let current = value
  while (current && (current.type.kind === 'pointer' || current.type.kind === 'interface')) {
    if (current.data === null) return { value: current, isNil: true }
    current =
      current.type.kind === 'pointer'
        ? { type: current.type.element, data: current.data }
        : (current.data as GoValue)
  }
  return { value: current, isNil: false }
}

/** Whether there is no value, or one that is nil. */
export const isNil = (value: GoValue | undefined): boolean => value === undefined || value.data === null

/** Whether the value counts as true in an `if`: not false, not zero, not nil, not empty. */
export function truth(value: GoValue | undefined): boolean {
  if (value === undefined) return false
  switch (value.type.kind) {
    case 'bool':
      return value.data as boolean
    case 'string':
      return value.data !== ''
    case 'slice':
    case 'array':
      return ((value.data as Data[] | null)?.length ?? 0) > 0
    case 'map':
      return ((value.data as Map<string, Data> | null)?.size ?? 0) > 0
    case 'pointer':
    case 'interface':
    case 'func':
      return value.data !== null
    case 'struct':
      return true
    case 'float64':
      return value.data !== 0
    default:
      return value.data !== 0n
  }
}

/** The bytes of a Go string. */
export const byteLength = (text: string): number => Buffer.byteLength(text)

/** The items of a slice, array or string (its bytes); undefined for other kinds. */
export function itemsOf(value: GoValue): { element: GoType; items: readonly Data[] } | undefined {
  if (value.type.kind === 'slice' || value.type.kind === 'array') {
    return { element: value.type.element, items: (value.data as Data[] | null) ?? [] }
  }
  if (value.type.kind === 'string') {
    return { element: { kind: 'uint8' }, items: [...Buffer.from(value.data as string)].map(BigInt) }
  }
  return undefined
}

/** A map's entries in the order of their keys' bytes, as Go prints and ranges them. */
export function sortedEntries(value: GoValue): [string, Data][] {
  const entries = [...((value.data as Map<string, Data> | null) ?? new Map<string, Data>())]
  return entries.sort(([a], [b]) => compareText(a, b))
}

/** Orders texts by their UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  for (let i = 0; ; ) {
    const x = a.codePointAt(i)
    const y = b.codePointAt(i)
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1
    if (x !== y) return x - y
    i += x > 0xffff ? 2 : 1
  }
}

/** The value under a key, undefined when there is none. */
export function mapItem(value: GoValue, key: string): GoValue | undefined {
  const map = value.data as Map<string, Data> | null
  return map?.has(key) ? { type: (value.type as MapType).element, data: map.get(key) } : undefined
}

export interface FoundField {
  readonly field: Field
  /** undefined when the way to it leads through a nil embedded pointer, whose type is `through`. */
  readonly value: GoValue | undefined
  readonly through?: GoType
}

/** A struct's field by its Go name, also through embedded structs; the shallowest wins. */
export function findField(type: StructType, data: Data, name: string): FoundField | undefined {
  const values = data as Data[] | undefined
  const own = type.fields.findIndex((field) => field.name === name)
  if (own >= 0) {
    const field = type.fields[own] as Field
    return { field, value: values && { type: field.type, data: values[own] } }
  }
  for (const [index, field] of type.fields.entries()) {
    if (!field.embedded) continue
    const isPointer = field.type.kind === 'pointer'
    const inner = field.type.kind === 'pointer' ? field.type.element : field.type
    if (inner.kind !== 'struct') continue
    const innerData = values?.[index] ?? undefined
    const found = findField(inner, innerData, name)
    if (found) return innerData === undefined && isPointer ? { ...found, through: inner } : found
  }
  return undefined
}
