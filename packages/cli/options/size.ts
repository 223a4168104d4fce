/** Sizes as people write them for memory: `512m`, `1.5GiB`, in powers of 1024. */

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
}

/**
 * Bytes of a size: a decimal number, one blank at most, and a unit out of b, k, m, g, t, p, `kb`, `kib` …. in either case.
 * Throws RangeError with Docker's words.
 */
export function parseSize(text: string): number {
  const end = lastDigit(text)
  if (end < 0) throw new RangeError(`invalid size: '${text}'`)
  const blank = text[end + 1] === ' ' ? 1 : 0
  const digits = text[end] === ' ' ? text.slice(0, end) : text.slice(0, end + 1)
  const suffix = text.slice(end + 1 + blank).toLowerCase()
  const number = readFloat(digits)
  if (number < 0) throw new RangeError(`invalid size: '${text}'`)
  const factor = factorOf(suffix)
  if (factor === undefined) throw new RangeError(`invalid suffix: '${suffix}'`)
  return Math.min(Math.trunc(number * factor), Number.MAX_SAFE_INTEGER)
}

/** As parseSize, and -1 for no limit. */
export function parseMemorySwap(text: string): number {
  return text === '-1' ? -1 : parseSize(text)
}

/** Where the number may end: at the last digit, point or blank. */
function lastDigit(text: string): number {
  for (let index = text.length - 1; index >= 0; index--) {
    if ('01234567890. '.includes(text[index] ?? '')) return index
  }
  return -1
}

function readFloat(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  throw new RangeError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function factorOf(suffix: string): number | undefined {
  if (Object.hasOwn(units, suffix)) return units[suffix]
  const match = /^([kmgtp])i?b$/.exec(suffix)
  return match?.[1] === undefined ? undefined : units[match[1]]
}
