/** `-v [source:]target[:options]`. */
import { resolve } from 'node:path'

/** What a value of `--volume` means to the API: a bind of something, or an anonymous volume at a path. */
export type VolumeOption = { bind: string } | { anonymous: string }

/** Reads one value of `--volume`. Sources that begin with a dot start at `directory`. Throws RangeError. */
export function parseVolume(text: string, directory = process.cwd()): VolumeOption {
  if (text === '') throw new RangeError('invalid empty volume spec')
  // Too short for two parts; the engine says what is wrong with it.
  if (text.length <= 2) return { anonymous: text }
  const parts = text.split(':')
  const invalid = (reason: string) => new RangeError(`invalid spec: ${text}: ${reason}`)
  if (parts.includes('')) throw invalid('empty section between colons')
  if (parts.length > 3) throw invalid('too many colons')
  const [source = '', ...rest] = parts
  if (rest.length === 0) return { anonymous: text }
  const path = source.startsWith('.') ? resolve(directory, source) : source
  return { bind: [path, ...rest].join(':') }
}
