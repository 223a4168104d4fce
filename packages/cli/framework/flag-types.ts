/** The types of flag values: how their text is read and what a flag is that was not given. */
import { parseDuration } from '@gantry/dockerfile/duration'
import { parseSize } from '@gantry/dockerfile/size'
import { parseGoBool, parseGoInt, parseGoUint } from '../options/go-numbers.ts'
import { parseMemorySwap } from '../options/memory-swap.ts'
import type { FlagSpec } from './tree.ts'

export type FlagValue = boolean | string | number | string[]

/** Types whose value is one text. */
const textTypes = ['string', 'ip', 'decimal', 'pem-file', 'node-addr', 'command', 'credential-spec']

/** Reads `text` as a value of the flag; `before` is the value so far, to which a multiple flag adds. */
export function parseValue(spec: FlagSpec, text: string, before: FlagValue | undefined): FlagValue {
  if (spec.multi) {
    const added = spec.type === 'stringSlice' ? text.split(',') : [text]
    return [...(Array.isArray(before) ? before : []), ...added]
  }
  switch (spec.type) {
    case 'bool':
      return parseGoBool(text)
    case 'int':
    case 'int64':
      return parseGoInt(text)
    case 'uint16':
      return parseGoUint(text, 16)
    case 'uint':
    case 'uint32':
    case 'uint64':
      return parseGoUint(text, spec.type === 'uint32' ? 32 : 64)
    case 'float':
      return Number(text)
    case 'bytes':
      return spec.long === 'memory-swap' ? parseMemorySwap(text) : parseSize(text)
    case 'duration':
      return parseDuration(text)
    default:
      return text
  }
}

/** The value of a flag that was not given. */
export function zeroValue(spec: FlagSpec): FlagValue {
  const text = spec.default ?? ''
  if (spec.multi) return []
  if (spec.type === 'ip' || spec.type === 'decimal') return ''
  if (textTypes.includes(spec.type)) return text
  if (spec.type === 'bool') return text === 'true'
  return parseValue(spec, text || '0', undefined)
}
