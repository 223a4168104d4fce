/** Sizes as people write them: `512m`, `1.5GiB`, `20 MB`. */

const letters = 'bkmgtp'

/**
 * Bytes of a size: a decimal number, one blank at most, and a unit out of b, k, m, g, t, p, `kb`, `kib` … in either
 * case. A unit is a power of 1024, as of memory, or of 1000, as of disks; `kib` is what the base says too, as it is with
 * Docker (go-units). More than a number holds exactly is the largest that it does. Throws RangeError in Docker's words.
 */
export function parseSize(text: string, base: 1000 | 1024 = 1024): number {
  const end = text.search(/[\d. ][^\d. ]*$/)
  if (end < 0) throw new RangeError(`invalid size: '${text}'`)
  const number = readFloat(text[end] === ' ' ? text.slice(0, end) : text.slice(0, end + 1))
  if (number < 0) throw new RangeError(`invalid size: '${text}'`)
  const unit = text.slice(end + 1).toLowerCase()
  if (!/^(b|[kmgtp](i?b)?)?$/.test(unit)) throw new RangeError(`invalid suffix: '${unit}'`)
  const power = Math.max(letters.indexOf(unit.charAt(0)), 0)
  return Math.min(Math.trunc(number * base ** power), Number.MAX_SAFE_INTEGER)
}

function readFloat(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  throw new RangeError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
}
