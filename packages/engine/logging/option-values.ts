/** Values of log options, read as Go's and Docker's libraries read them, with their words for what cannot be. */
import { GantryError } from '@gantry/errors'
import { byteSize } from '../limits/byte-size.ts'

/** What is thrown for an option that cannot be. */
export const invalid = (message: string, cause?: unknown) =>
  new GantryError('InvalidParameter', message, { cause })

/** Bytes: `20m` is twenty million. */
export function humanSize(text: string): number {
  return byteSize(text, 1000)
}

/** Bytes: `20m` is 20 · 2^20. */
export function memorySize(text: string): number {
  return byteSize(text)
}

/** A whole number as `strconv.Atoi` reads it, with a sign or none. Throws InvalidParameter in its words. */
export function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** A whole number without a sign, as `strconv.ParseUint` reads it. Throws InvalidParameter in its words. */
export function unsignedInteger(text: string): number {
  if (!/^\d+$/.test(text)) throw invalid(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/**
 * True or false as `strconv.ParseBool` reads it: `yes` and `on` are neither. Throws InvalidParameter in its words.
 */
export function boolean(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

const durationUnits: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of `1.5s`, `2m30s`. */
export function duration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy)]
  const length = parts.reduce((sum, [part]) => sum + part.length, 0)
  if (length === 0 || length !== rest.length) throw invalid(`time: invalid duration ${JSON.stringify(text)}`)
  return (
    sign * parts.reduce((sum, [, number, unit]) => sum + Number(number) * (durationUnits[unit ?? ''] ?? 0), 0)
  )
}

/** Rethrows InvalidParameter with words before it. */
export function saying<T>(words: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof GantryError ? invalid(`${words}: ${error.message}`, error) : error
  }
}
