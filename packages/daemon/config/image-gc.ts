/** `image-gc` in daemon.json: when images and build cache that nothing uses are removed. */
import { type CollectionPolicy, milliseconds } from '@gantry/engine'
import { GantryError } from '@gantry/errors'

const powers = { '': 0, k: 1, m: 2, g: 3, t: 4 } as const

/** Null without the option. Throws InvalidParameter. */
export function imageGcOf(values: Record<string, unknown> | undefined): CollectionPolicy | null {
  if (values === undefined) return null
  const { keepBytes, unusedFor, keepTagged = true, ...others } = values
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`unknown key ${JSON.stringify(unknown)}`)
  if (keepBytes === undefined && unusedFor === undefined) throw invalid('keepBytes or unusedFor is needed')
  if (!['true', 'false'].includes(String(keepTagged))) throw invalid('keepTagged is true or false')
  return {
    ...(keepBytes !== undefined && { keepBytes: bytes(keepBytes) }),
    ...(unusedFor !== undefined && { unusedFor: spanOf(unusedFor) }),
    keepTagged: String(keepTagged) === 'true',
  }
}

/** Bytes as a number, or with a unit: of 1000 (`20GB`, `20g`) or of 1024 (`20GiB`). */
function bytes(value: unknown): number {
  const [, amount, unit = '', binary] = /^(\d+(?:\.\d+)?) ?(?:([kmgt])(i?))?b?$/i.exec(String(value)) ?? []
  if (amount === undefined) throw invalid(`keepBytes ${JSON.stringify(value)} is no size`)
  const power = powers[unit.toLowerCase() as keyof typeof powers]
  return Math.floor(Number(amount) * (binary ? 1024 : 1000) ** power)
}

/** Milliseconds of seconds as a number, or of `1h30m`. */
function spanOf(value: unknown): number {
  const span = typeof value === 'number' ? value * 1000 : readSpan(value)
  if (span === undefined || !(span >= 0)) throw invalid(`unusedFor ${JSON.stringify(value)} is no duration`)
  return span
}

function readSpan(value: unknown): number | undefined {
  try {
    return typeof value === 'string' ? milliseconds(value) : undefined
  } catch {
    return undefined
  }
}

const invalid = (problem: string): GantryError =>
  new GantryError('InvalidParameter', `invalid image-gc: ${problem}`)
