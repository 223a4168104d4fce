/** `--cpus 1.5`. */

/** Billionths of a CPU, from a decimal number or a fraction. Throws RangeError with Docker's words. */
export function parseCpus(text: string): number {
  const { numerator, denominator } = readRational(text)
  const nano = numerator * 1_000_000_000n
  if (nano % denominator !== 0n) throw new RangeError('value is too precise')
  return Number(nano / denominator)
}

function readRational(text: string): { numerator: bigint; denominator: bigint } {
  const decimal = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,3}))?$/.exec(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = decimal ?? []
  if (decimal && whole + fraction !== '') {
    const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
    const power = Number(exponent) - fraction.length
    return power >= 0
      ? { numerator: digits * 10n ** BigInt(power), denominator: 1n }
      : { numerator: digits, denominator: 10n ** BigInt(-power) }
  }
  const [, top, bottom] = /^([+-]?\d+)\/(\d+)$/.exec(text) ?? []
  if (top !== undefined && bottom !== undefined && BigInt(bottom) !== 0n) {
    return { numerator: BigInt(top), denominator: BigInt(bottom) }
  }
  throw new RangeError(`failed to parse ${text} as a rational number`)
}
