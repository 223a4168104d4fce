/** Attributes of outputs and caches, as BuildKit reads them. */
import { GantryError } from '@gantry/errors'

export interface Compression {
  type: 'uncompressed' | 'gzip' | 'zstd'
  level?: number
  /** Layers of the base image too, also when they are compressed already. */
  force: boolean
}

export class Attributes {
  readonly attributes: Readonly<Record<string, string>>

  constructor(attributes: Readonly<Record<string, string>>) {
    this.attributes = attributes
  }

  /** Undefined for what is absent or empty. */
  text(key: string): string | undefined {
    return (Object.hasOwn(this.attributes, key) && this.attributes[key]) || undefined
  }

  /** An attribute without a value is on. */
  flag(key: string): boolean | undefined {
    if (!Object.hasOwn(this.attributes, key)) return undefined
    const text = this.attributes[key] ?? ''
    if (/^(|1|t|true)$/i.test(text)) return true
    if (/^(0|f|false)$/i.test(text)) return false
    throw refused(`non-bool value ${text} specified for ${key}`)
  }
}

const levels: Record<string, number> = { gzip: 9, zstd: 22 }

/** Null when nothing is said of it. Throws InvalidParameter. */
export function compressionOf(read: Attributes): Compression | null {
  const force = read.flag('force-compression') ?? false
  const type = read.text('compression')
  const level = read.text('compression-level')
  if (type === 'estargz')
    throw refused('compression estargz is not supported: use gzip, zstd or uncompressed')
  if (type !== undefined && type !== 'uncompressed' && type !== 'gzip' && type !== 'zstd')
    throw refused(`unsupported compression type ${type}`)
  if (type === undefined && level === undefined && !force) return null
  const named = type ?? 'gzip'
  if (level === undefined) return { type: named, force }
  if (!/^\d{1,2}$/.test(level) || Number(level) > (levels[named] ?? 0))
    throw refused(`non-int value ${level} specified for compression-level, or beyond ${levels[named] ?? 0}`)
  return { type: named, level: Number(level), force }
}

/** InvalidParameter, of something that is not available or cannot be understood. */
export const refused = (message: string): GantryError => new GantryError('InvalidParameter', message)
