import { compareText } from './go/value.ts'

/**
 * The order of Docker's lists, for `sort`: runs of digits by their number and before everything else, all other characters
 * as Go compares them; of equal numbers the one with fewer zeros in front comes first.
 */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (const [index, part] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    const order = compareParts(part, other)
    if (order !== 0) return order
  }
  return left.length - right.length
}

const partsOf = (text: string): string[] => text.match(/\d+|\D/gu) ?? []

const isNumber = (part: string): boolean => /^\d/.test(part)

function compareParts(a: string, b: string): number {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  if (!isNumber(a)) return compareText(a, b)
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return left.length - right.length || compareText(left, right) || a.length - b.length
}
