/** What `--cache-from` and `--cache-to` say. */
import { GantryError } from '@gantry/errors'
import { type Digest, isDigest, parseReference, type Reference } from '@gantry/oci'
import type { SessionCache } from '../../contracts.ts'
import { Attributes, type Compression, compressionOf } from '../outputs/attributes.ts'

/**
 * `session` is a directory of image layouts' blobs that the client lends under that name, `store` a content store in its
 * session, `image` an image of this machine, as classic clients mean a name.
 */
export type CacheSource =
  | { type: 'registry'; reference: Reference }
  | { type: 'image'; name: string }
  | { type: 'session'; directory: string; digest: Digest }
  | { type: 'store'; store: string; digest: Digest }

export interface CacheTarget {
  /** `client` is told the number, and fetches an image layout. */
  to:
    | { type: 'registry'; reference: Reference }
    | { type: 'client'; place: number }
    | { type: 'store'; store: string }
  /** Also the steps whose layers the result does not have. */
  all: boolean
  /** An image manifest, not an index. */
  imageManifest: boolean
  /** A failure does not fail the build. */
  ignoreError: boolean
  compression: Compression
}

/** A name alone is a name in a registry. Throws InvalidParameter. */
export function parseSource(option: string | SessionCache): CacheSource {
  const { type, fields } = fieldsOf(option, 'from')
  if (type === 'registry') return { type, reference: referenceOf(fields) }
  const [directory = '', digest = ''] = [fields.get('src'), fields.get('digest')]
  if (directory === '' || !isDigest(digest)) throw invalid('the type local needs src and digest')
  return typeof option === 'string'
    ? { type: 'session', directory, digest }
    : { type: 'store', store: `local:${directory}`, digest }
}

/** `inline`: in the image itself. `place` is that in the list of targets. Throws InvalidParameter. */
export function parseTarget(option: string | SessionCache, place: number): CacheTarget | 'inline' {
  if (option === 'inline' || option === 'type=inline') return 'inline'
  if (typeof option !== 'string' && option.type === 'inline') return 'inline'
  const { type, fields } = fieldsOf(option, 'to')
  const mode = fields.get('mode') ?? 'min'
  if (mode !== 'min' && mode !== 'max') throw invalid(`mode ${JSON.stringify(mode)} of --cache-to`)
  return {
    to: type === 'registry' ? { type, reference: referenceOf(fields) } : clientTarget(option, fields, place),
    all: mode === 'max',
    imageManifest: flagOf(fields, 'image-manifest', true),
    ignoreError: flagOf(fields, 'ignore-error', false),
    compression: compressionOf(new Attributes(Object.fromEntries(fields))) ?? { type: 'gzip', force: false },
  }
}

function clientTarget(
  option: string | SessionCache,
  fields: Fields['fields'],
  place: number,
): CacheTarget['to'] {
  if (typeof option === 'string') return { type: 'client', place }
  const directory = fields.get('dest') ?? ''
  if (directory === '') throw invalid('the type local needs dest')
  return { type: 'store', store: `local:${directory}` }
}

const common = [
  ...['type', 'mode', 'image-manifest', 'oci-mediatypes', 'ignore-error'],
  ...['compression', 'compression-level', 'force-compression'],
]
const known = {
  from: { registry: new Set(['type', 'ref']), local: new Set(['type', 'src', 'digest']) },
  // The client has the directory, and the tag in it, to itself.
  to: { registry: new Set([...common, 'ref']), local: new Set(common) },
}
/** Clients of BuildKit send all that was said; the tag in the directory is their own business. */
const knownOfStores = { from: ['src', 'digest', 'tag'], to: [...common, 'dest', 'tag'] }

interface Fields {
  type: 'registry' | 'local'
  fields: ReadonlyMap<string, string>
}

function fieldsOf(option: string | SessionCache, direction: keyof typeof known): Fields {
  const fields = typeof option === 'string' ? textFields(option, direction) : option.attributes
  const type = (typeof option === 'string' ? fields.get('type') : option.type) ?? 'registry'
  if (type !== 'registry' && type !== 'local')
    throw new GantryError(
      'NotImplemented',
      `--cache-${direction} of type ${JSON.stringify(type)} is not available: use type=registry, type=local or type=inline`,
    )
  const isStore = typeof option !== 'string' && type === 'local'
  const allowed = isStore ? new Set(knownOfStores[direction]) : known[direction][type]
  const unknown = [...fields.keys()].find((name) => !allowed.has(name))
  if (unknown !== undefined) throw invalid(`field ${JSON.stringify(unknown)} of --cache-${direction}`)
  return { type, fields }
}

function textFields(text: string, direction: keyof typeof known): Fields['fields'] {
  if (!text.includes('=')) return new Map([['ref', text]])
  return new Map(
    text.split(',').map((part): [string, string] => {
      const [, name = '', value] = /^([^=]*)=(.*)$/.exec(part) ?? []
      if (value === undefined) throw invalid(`field ${JSON.stringify(part)} of --cache-${direction}`)
      return [name.trim().toLowerCase(), value]
    }),
  )
}

function referenceOf(fields: ReadonlyMap<string, string>): Reference {
  const ref = fields.get('ref')
  if (!ref) throw invalid('the type registry needs ref')
  return parseReference(ref)
}

function flagOf(fields: ReadonlyMap<string, string>, name: string, fallback: boolean): boolean {
  const text = fields.get(name)
  if (text === undefined) return fallback
  if (text !== 'true' && text !== 'false') throw invalid(`${name}=${text}`)
  return text === 'true'
}

const invalid = (what: string): GantryError =>
  new GantryError('InvalidParameter', `invalid build cache option: ${what}`)
