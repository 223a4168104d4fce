/** `image-gc` in daemon.json: when images and build cache that nothing uses are removed. */
import type { CollectionPolicy } from '@gantry/engine'
import { GantryError } from '@gantry/errors'

const powers = { '': 0, k: 1, m: 2, g: 3, t: 4 } as const
const spans = { s: 1000, m: 60_000, h: 3_600_000 } as const

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
    ...(unusedFor !== undefined && { unusedFor: milliseconds(unusedFor) }),
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

/** Seconds as a number, or with units: `1h30m`. */
function milliseconds(value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value * spans.s
  if (typeof value !== 'string' || !/^(\d+[smh])+$/.test(value))
    throw invalid(`unusedFor ${JSON.stringify(value)} is no duration`)
  return [...value.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * spans[unit as keyof typeof spans],
    0,
  )
}

const invalid = (problem: string): GantryError =>
  new GantryError('InvalidParameter', `invalid image-gc: ${problem}`)
