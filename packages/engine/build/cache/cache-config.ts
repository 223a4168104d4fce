/** A build cache as BuildKit writes it beside its layers: `application/vnd.buildkit.cacheconfig.v0`. */
import { GantryError } from '@gantry/errors'
import { type Digest, parseDigest } from '@gantry/oci'

export const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0'

/** Bytes of a configuration that are read, and entries in it. */
export const largestConfig = 8 << 20
const mostEntries = 20_000

export interface CacheLayer {
  blob: Digest
  mediaType: string
  /** Bytes of the blob. */
  size: number
  diffId: Digest
  /** Place of the layer below it in the list; -1 for none. */
  parent: number
}

/** A step's result: the place of its top layer. */
export interface CacheEntry {
  /** Hexadecimal key of the step. */
  key: string
  layer: number
  /** It is that layer, without those below it in the list. */
  alone?: true
  /** RFC 3339. */
  createdAt: string
}

export interface CacheConfig {
  layers: CacheLayer[]
  entries: CacheEntry[]
}

/** Its bytes, JSON: the way back of `parseCacheConfig`. */
export function serializeCacheConfig({ layers, entries }: CacheConfig): Buffer {
  const body = {
    layers: layers.map(({ blob, mediaType, size, diffId, parent }) => ({
      blob,
      parent,
      annotations: { mediaType, diffID: diffId, size: String(size) },
    })),
    records: entries.map(({ key, layer, createdAt }) => ({
      digest: `sha256:${key}`,
      layers: [{ layer, createdAt }],
    })),
  }
  return Buffer.from(JSON.stringify(body))
}

/** Records without a layer, as other builders have them, are passed over. Throws InvalidParameter. */
export function parseCacheConfig(bytes: Buffer): CacheConfig {
  if (bytes.length > largestConfig) throw malformed('it is too large')
  let body: unknown
  try {
    body = JSON.parse(bytes.toString())
  } catch {
    throw malformed('it is no JSON')
  }
  const layers = listOf(body, 'layers').map(parseLayer)
  return { layers, entries: listOf(body, 'records').flatMap((record) => parseEntry(record, layers.length)) }
}

function parseLayer(value: unknown, index: number): CacheLayer {
  const { blob, parent = -1, annotations } = objectOf(value)
  const { mediaType, diffID, size } = objectOf(annotations)
  // A layer stands behind the one below it, so no chain is without an end.
  if (!Number.isInteger(parent) || (parent as number) < -1 || (parent as number) >= index)
    throw malformed(`layer ${index} lies upon ${JSON.stringify(parent)}`)
  const bytes = Number(size)
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw malformed(`layer ${index} has no size`)
  return {
    blob: parseDigest(String(blob)),
    mediaType: String(mediaType),
    size: bytes,
    diffId: parseDigest(String(diffID)),
    parent: parent as number,
  }
}

function parseEntry(value: unknown, count: number): CacheEntry[] {
  const { digest, layers } = objectOf(value)
  if (!Array.isArray(layers) || layers.length === 0) return []
  const { layer, createdAt, alone } = objectOf(layers.at(-1))
  if (!Number.isInteger(layer) || (layer as number) < 0 || (layer as number) >= count)
    throw malformed(`a record names the layer ${JSON.stringify(layer)}`)
  const time = typeof createdAt === 'string' && !Number.isNaN(Date.parse(createdAt)) ? createdAt : ''
  const key = parseDigest(String(digest)).replace(/^sha256:/, '')
  const entry = { key, layer: layer as number, createdAt: time || new Date(0).toISOString() }
  return [alone === true ? { ...entry, alone } : entry]
}

function listOf(body: unknown, name: string): unknown[] {
  const list = objectOf(body)[name] ?? []
  if (!Array.isArray(list) || list.length > mostEntries) throw malformed(`${name} is no list, or too long`)
  return list
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('it is malformed')
  return value as Record<string, unknown>
}

const malformed = (problem: string): GantryError =>
  new GantryError('InvalidParameter', `invalid build cache: ${problem}`)
