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

/** Rethrows InvalidParameter with words before it. */
export function saying<T>(words: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof GantryError ? invalid(`${words}: ${error.message}`, error) : error
  }
}
