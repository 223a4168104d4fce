/** Numbers and truth values as Go's strconv reads them, with its error texts, which scripts and tests match. */

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const falsehoods = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** strconv.ParseBool. */
export function parseGoBool(text: string): boolean {
  if (truths.has(text)) return true
  if (falsehoods.has(text)) return false
  throw new RangeError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** strconv.ParseInt in 64 bits; base 0 also takes 0x, 0o, 0b, a leading 0 and underscores. */
export function parseGoInt(text: string, base: 0 | 10 = 0): number {
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : ''
  const magnitude = readMagnitude(text.slice(sign.length), base)
  if (magnitude === undefined) throw syntaxError('ParseInt', text)
  const limit = sign === '-' ? 2n ** 63n : 2n ** 63n - 1n
  if (magnitude > limit) throw rangeError('ParseInt', text)
  return Number(sign === '-' ? -magnitude : magnitude)
}

/** strconv.ParseUint in the given number of bits. */
export function parseGoUint(text: string, bits: 16 | 32 | 64, base: 0 | 10 = 0): number {
  const magnitude = readMagnitude(text, base)
  if (magnitude === undefined) throw syntaxError('ParseUint', text)
  if (magnitude >= 2n ** BigInt(bits)) throw rangeError('ParseUint', text)
  return Number(magnitude)
}

function readMagnitude(text: string, base: 0 | 10): bigint | undefined {
  if (base === 10) return /^\d+$/.test(text) ? BigInt(text) : undefined
  if (!/^[0-9a-zA-Z]+(_[0-9a-zA-Z]+)*$/.test(text)) return undefined
  const digits = text.replaceAll('_', '')
  if (/^(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9]\d*)$/.test(digits))
    return BigInt(digits.toLowerCase())
  return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : undefined
}

const syntaxError = (name: string, text: string) =>
  new RangeError(`strconv.${name}: parsing ${JSON.stringify(text)}: invalid syntax`)

const rangeError = (name: string, text: string) =>
  new RangeError(`strconv.${name}: parsing ${JSON.stringify(text)}: value out of range`)
