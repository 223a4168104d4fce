import type { RotationLimits } from '@gantry/runtime'
import { boolean, humanSize, integer, invalid, saying } from './option-values.ts'

export type LogOptionValues = Readonly<Record<string, string>>

/** What a container's log may take when nobody says anything: five files of twenty megabytes. */
const defaults: RotationLimits = { maxBytes: 20 * 1024 * 1024, maxFiles: 5, compress: true }

/**
 * The limits that the options of `json-file` ask for. As with Docker a size alone means one file. Throws InvalidParameter in
 * Docker's words.
 */
export function jsonFileLimits(options: LogOptionValues): RotationLimits {
  const { 'max-size': size, 'max-file': count, compress: packing } = options
  const limits = { ...defaults }
  if (size !== undefined) {
    limits.maxBytes = size === '-1' ? Number.POSITIVE_INFINITY : humanSize(size)
    if (limits.maxBytes <= 0) throw invalid('max-size must be a positive number')
    limits.maxFiles = 1
  }
  if (count !== undefined) limits.maxFiles = integer(count)
  if (limits.maxFiles < 1) throw invalid('max-file cannot be less than 1')
  limits.compress = packing === undefined ? limits.maxFiles > 1 : boolean(packing)
  if (limits.compress && packing !== undefined && (limits.maxFiles === 1 || size === '-1'))
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set')
  return limits
}

/**
 * As `local` reads them; with the prefix `cache-` those of the copy that every forwarding driver keeps. Throws
 * InvalidParameter in Docker's words.
 */
export function localLimits(options: LogOptionValues, prefix = ''): RotationLimits {
  const limits = { ...defaults }
  const read = <T>(name: string, words: string, parse: (text: string) => T): T | undefined => {
    const text = options[`${prefix}${name}`]
    return text === undefined ? undefined : saying(words.replace('%', text), () => parse(text))
  }
  limits.maxBytes = read('max-size', 'invalid value for max-size: %', humanSize) ?? limits.maxBytes
  limits.maxFiles = read('max-file', 'invalid value for max-file: %', integer) ?? limits.maxFiles
  limits.compress = read('compress', 'error reading compress log option', boolean) ?? limits.compress
  if (limits.maxBytes <= 0) throw invalid('max size should be a positive number')
  if (limits.maxFiles < 0) throw invalid('max file count cannot be less than 0')
  if (limits.compress && limits.maxFiles <= 1)
    throw invalid('compression cannot be enabled when max file count is 1')
  return { ...limits, maxFiles: Math.max(limits.maxFiles, 1) }
}
