/** `image-gc` in daemon.json: when images and build cache that nothing uses are removed. */
import type { CollectionPolicy } from '@gantry/engine'
import { GantryError } from '@gantry/errors'

const units = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 } as const
const spans = { s: 1000, m: 60_000, h: 3_600_000 } as const

/** Null without the option. Throws InvalidParameter. */
export function imageGcOf(values: Record<string, string> | undefined): CollectionPolicy | null {
  if (values === undefined) return null
  const { keepBytes, unusedFor, keepTagged = 'true', ...others } = values
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalid(`unknown key ${JSON.stringify(unknown)}`)
  if (keepBytes === undefined && unusedFor === undefined) throw invalid('keepBytes or unusedFor is needed')
  if (keepTagged !== 'true' && keepTagged !== 'false') throw invalid('keepTagged is "true" or "false"')
  return {
    ...(keepBytes !== undefined && { keepBytes: bytes(keepBytes) }),
    ...(unusedFor !== undefined && { unusedFor: milliseconds(unusedFor) }),
    keepTagged: keepTagged === 'true',
  }
}

function bytes(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgt]?)b?$/i.exec(text) ?? []
  if (amount === undefined) throw invalid(`keepBytes ${JSON.stringify(text)} is no size`)
  return Math.floor(Number(amount) * units[unit.toLowerCase() as keyof typeof units])
}

function milliseconds(text: string): number {
  if (!/^(\d+[smh])+$/.test(text)) throw invalid(`unusedFor ${JSON.stringify(text)} is no duration`)
  return [...text.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * spans[unit as keyof typeof spans],
    0,
  )
}

const invalid = (problem: string): GantryError =>
  new GantryError('InvalidParameter', `invalid image-gc: ${problem}`)
