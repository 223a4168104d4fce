/** `--cache-to type=inline`: the keys of an image's layers, in its configuration, as BuildKit writes them. */
import type { BuildResult } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import { type Descriptor, inlineCacheField } from '@gantry/oci'
import { type CacheConfig, parseCacheConfig } from './cache-config.ts'

/** Bytes of keys that are read. */
const largestField = 4 << 20

/** The result with the keys of those of its steps whose layers it has. */
export function withInlineCache(result: BuildResult): BuildResult {
  const { layers } = result.snapshot
  const records = new Map<string, object>()
  for (const { key, snapshot, createdAt } of result.records) {
    const layer = snapshot.layers.length - 1
    const top = snapshot.layers.at(-1)
    const digest = `sha256:${key}`
    if (top && layers[layer]?.chainId === top.chainId)
      records.set(key, { digest, layers: [{ layer, createdAt }] })
    else if (top && layer === 0) {
      // COPY --link: made upon nothing, put upon others.
      const place = layers.findIndex(({ diffId }) => diffId === top.diffId)
      if (place > 0) records.set(key, { digest, layers: [{ layer: place, createdAt, alone: true }] })
    }
  }
  const sorted = [...records.keys()].sort().map((key) => records.get(key))
  const field = Buffer.from(JSON.stringify(sorted)).toString('base64')
  return { ...result, config: { ...result.config, [inlineCacheField]: field } }
}

/** The cache in an image: `bytes` is its configuration, `blobs` its layers. Null where it has none. Throws InvalidParameter. */
export function inlineCacheIn(bytes: Buffer, blobs: readonly Descriptor[]): CacheConfig | null {
  const body = fieldsOf(parse(bytes))
  const field = body[inlineCacheField]
  const diffIds = fieldsOf(body.rootfs).diff_ids
  if (field === undefined) return null
  if (typeof field !== 'string' || field.length > largestField || !Array.isArray(diffIds))
    throw new GantryError('InvalidParameter', 'invalid build cache: it is malformed')
  if (diffIds.length !== blobs.length)
    throw new GantryError('InvalidParameter', 'invalid build cache: the image has other layers')
  const layers = blobs.map(({ digest, mediaType, size }, index) => ({
    blob: digest,
    parent: index - 1,
    annotations: { mediaType, size: String(size), diffID: diffIds[index] },
  }))
  const records = parse(Buffer.from(field, 'base64'))
  return parseCacheConfig(Buffer.from(JSON.stringify({ layers, records })))
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new GantryError('InvalidParameter', 'invalid build cache: it is no JSON')
  }
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
