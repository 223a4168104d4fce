/** Durations as Go writes them: `300ms`, `1.5h`, `2h45m`. */

const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Nanoseconds of a duration. Throws RangeError with Go's words. */
export function parseDuration(text: string): number {
  const invalid = () => new RangeError(`time: invalid duration ${JSON.stringify(text)}`)
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : ''
  let rest = text.slice(sign.length)
  if (rest === '0') return 0
  if (rest === '') throw invalid()
  let total = 0
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) throw invalid()
    rest = rest.slice(number.length)
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? ''
    if (unit === '') throw new RangeError(`time: missing unit in duration ${JSON.stringify(text)}`)
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
    if (factor === undefined) {
      throw new RangeError(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    }
    total += Number(number) * factor
    rest = rest.slice(unit.length)
  }
  if (total > 2 ** 63) throw invalid()
  return sign === '-' ? -Math.trunc(total) : Math.trunc(total)
}
