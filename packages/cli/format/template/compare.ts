/** The comparisons of templates: eq, ne, lt, le, gt, ge. */
import { formatValue, noFlags } from '../go/print.ts'
import { isSigned, isUnsigned, typeName } from '../go/types.ts'
import { compareText, contentOf, isNil } from '../go/value.ts'
import type { Value } from './function.ts'

type Kind = 'bool' | 'int' | 'uint' | 'float' | 'string'

const incompatible = 'incompatible types for comparison'

function basicKind(value: Value): Kind | undefined {
  if (!value) return undefined
  const { type } = value
  if (type.kind === 'bool' || type.kind === 'string') return type.kind
  if (type.kind === 'float64') return 'float'
  return isSigned(type) ? 'int' : isUnsigned(type) ? 'uint' : undefined
}

/** Whether the first value equals one of the others. */
export function equalsAny(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison')
  return others.some((other) => equals(contentOf(first), contentOf(other)))
}

function equals(a: Value, b: Value): boolean {
  const [kindA, kindB] = [basicKind(a), basicKind(b)]
  if (kindA !== kindB) {
    if (areIntegers(kindA, kindB)) return a?.data === b?.data
    if (a && b) throw new Error(incompatible)
    return false
  }
  if (kindA !== undefined) return a?.data === b?.data
  return equalsComposite(a, b)
}

const areIntegers = (a: Kind | undefined, b: Kind | undefined): boolean =>
  (a === 'int' && b === 'uint') || (a === 'uint' && b === 'int')

function equalsComposite(a: Value, b: Value): boolean {
  if (a && b && a.type.kind !== b.type.kind && typeName(a.type) !== typeName(b.type)) {
    const [textA, textB] = [formatValue(a, 's', noFlags), formatValue(b, 'v', noFlags)]
    throw new Error(`non-comparable types ${textA}: ${typeName(a.type)}, ${typeName(b.type)}: ${textB}`)
  }
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b)
  if (!b || ['slice', 'map', 'func'].includes(b.type.kind)) {
    throw new Error(`non-comparable type ${formatValue(b, 's', noFlags)}: ${b ? typeName(b.type) : ''}`)
  }
  return formatValue(a, 'v', { ...noFlags, sharp: true }) === formatValue(b, 'v', { ...noFlags, sharp: true })
}

/** Whether a comes before b. */
export function less(first: Value, second: Value): boolean {
  const [a, b] = [contentOf(first), contentOf(second)]
  const [kindA, kindB] = [basicKind(a), basicKind(b)]
  if (!a || !b || !kindA || !kindB) throw new Error('invalid type for comparison')
  if (kindA !== kindB && !areIntegers(kindA, kindB)) throw new Error(incompatible)
  if (kindA === 'bool') throw new Error('invalid type for comparison')
  if (kindA === 'string') return compareText(a.data as string, b.data as string) < 0
  return (a.data as bigint | number) < (b.data as bigint | number)
}
