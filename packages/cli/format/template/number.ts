/** Number and character constants of templates. */
import { quote, unquote } from '../go/quote.ts'
import type { GoValue } from '../go/types.ts'
import { goFloat, goInt } from '../go/value.ts'

const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n

/**
 * The value of a number or character token, or why there is none. A number that only an unsigned integer can hold has no
 * value as a constant, which is an error only where it is used.
 */
export function parseNumber(text: string): { constant: GoValue | undefined } | { problem: string } {
  if (text.startsWith("'")) {
    const character = unquote(text)
    if (character === undefined || [...character].length !== 1) {
      return { problem: `malformed character constant: ${text}` }
    }
    return { constant: goInt(character.codePointAt(0) as number) }
  }
  const integer = parseInteger(text)
  if (integer !== undefined) {
    if (integer > maxUint || integer < -maxInt - 1n) return { problem: `integer overflow: ${quote(text)}` }
    return { constant: integer > maxInt ? undefined : goInt(integer) }
  }
  const float = parseFloatText(text)
  if (float !== undefined && !/[.eEpP]/.test(text)) return { problem: `integer overflow: ${quote(text)}` }
  return float === undefined
    ? { problem: `illegal number syntax: ${quote(text)}` }
    : { constant: goFloat(float) }
}

function parseInteger(text: string): bigint | undefined {
  const match =
    /^([+-]?)(0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[oO]?_?[0-7]+(?:_[0-7]+)*|0[bB]_?[01]+(?:_[01]+)*|0|[1-9][0-9]*(?:_[0-9]+)*)$/.exec(
      text,
    )
  if (!match) return undefined
  const digits = (match[2] as string).replaceAll('_', '').toLowerCase()
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return match[1] === '-' ? -value : value
}

function parseFloatText(text: string): number | undefined {
  const plain = text.replaceAll('_', '')
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(plain)
  if (hex) {
    const [, sign, whole = '', fraction = '', power] = hex
    if (whole + fraction === '') return undefined
    const value = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length)
    return sign === '-' ? -value : value
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(plain)) return undefined
  const value = Number(plain)
  return Number.isFinite(value) ? value : undefined
}
