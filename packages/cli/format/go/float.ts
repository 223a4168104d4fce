/** Floating-point numbers as Go's strconv.FormatFloat writes them. */

/**
 * Verb e, E, f, F, g or G; `precision` -1 asks for the shortest digits that read back as the same number. `keepZeros` is
 * Go's `#` flag for %g.
 */
export function formatFloat(value: number, verb: string, precision: number, keepZeros = false): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const text = formatPositive(Math.abs(value), verb.toLowerCase(), precision, keepZeros)
  return sign + (verb === verb.toUpperCase() ? text.toUpperCase() : text)
}

function formatPositive(value: number, verb: string, precision: number, keepZeros: boolean): string {
  if (verb === 'e') return exponential(value, precision)
  if (verb === 'f') return fixed(value, precision)
  const digitsWanted = precision < 0 ? undefined : Math.min(Math.max(precision, 1), 101) - 1
  const [mantissa = '', power = '0'] = value.toExponential(digitsWanted).split('e')
  const exponent = Number(power)
  const digits = mantissa.replace('.', '')
  const significant = keepZeros ? digits : digits.replace(/0+$/, '') || '0'
  // Go turns to the exponent below 1e-4 and from the precision on, which counts as 6 for the shortest form.
  const limit = precision < 0 ? 6 : Math.max(precision, 1)
  if (exponent < -4 || exponent >= limit) {
    const fraction = significant.length > 1 ? `.${significant.slice(1)}` : ''
    return `${significant[0]}${fraction}e${exponentText(exponent)}`
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${significant}`
  const whole = significant.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = significant.slice(exponent + 1)
  return fraction ? `${whole}.${fraction}` : whole
}

const exponentText = (exponent: number): string =>
  `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`

function exponential(value: number, precision: number): string {
  const [mantissa, power] = value
    .toExponential(precision < 0 ? undefined : Math.min(precision, 100))
    .split('e')
  return `${mantissa}e${exponentText(Number(power))}`
}

/** toFixed rounds a number half-way between two up, Go to the one that is even. */
function roundedToEven(value: number, precision: number): string {
  const rounded = value.toFixed(precision)
  const exact = value.toFixed(Math.min(precision + 30, 100))
  const rest = exact.slice(exact.indexOf('.') + 1 + precision)
  if (!/^50+$/.test(rest) || !/[13579]$/.test(rounded)) return rounded
  const down = exact.slice(0, exact.indexOf('.') + 1 + precision)
  return precision === 0 ? down.slice(0, -1) : down
}

function fixed(value: number, precision: number): string {
  if (precision >= 0) {
    if (value < 1e21) return roundedToEven(value, Math.min(precision, 100))
    return precision > 0 ? `${BigInt(value)}.${'0'.repeat(precision)}` : String(BigInt(value))
  }
  if (value >= 1e21) return String(BigInt(value))
  const [mantissa = '', power] = value.toExponential().split('e')
  const decimals = Math.max(0, mantissa.replace('.', '').length - 1 - Number(power))
  return value.toFixed(Math.min(decimals, 100))
}
