/** What `--cache-from` and `--cache-to` say. */
import { GantryError } from '@gantry/errors'
import { parseReference, type Reference } from '@gantry/oci'

export interface CacheSource {
  reference: Reference
}

export interface CacheTarget extends CacheSource {
  /** Also the steps whose layers the result does not have. */
  all: boolean
  /** An image manifest, not an index. */
  imageManifest: boolean
  /** A failure does not fail the build. */
  ignoreError: boolean
}

/** A name alone is a name in a registry. Throws InvalidParameter. */
export const parseSource = (text: string): CacheSource => ({ reference: referenceOf(fieldsOf(text, 'from')) })

/** `inline`: in the image itself. */
export function parseTarget(text: string): CacheTarget | 'inline' {
  if (text === 'inline' || text === 'type=inline') return 'inline'
  const fields = fieldsOf(text, 'to')
  const mode = fields.get('mode') ?? 'min'
  if (mode !== 'min' && mode !== 'max') throw invalid(`mode ${JSON.stringify(mode)} of --cache-to`)
  return {
    reference: referenceOf(fields),
    all: mode === 'max',
    imageManifest: flagOf(fields, 'image-manifest', true),
    ignoreError: flagOf(fields, 'ignore-error', false),
  }
}

const known = {
  from: new Set(['type', 'ref']),
  to: new Set(['type', 'ref', 'mode', 'image-manifest', 'oci-mediatypes', 'ignore-error']),
}

function fieldsOf(text: string, direction: keyof typeof known): Map<string, string> {
  if (!text.includes('=')) return new Map([['ref', text]])
  const fields = new Map(
    text.split(',').map((part): [string, string] => {
      const [, name = '', value] = /^([^=]*)=(.*)$/.exec(part) ?? []
      if (value === undefined) throw invalid(`field ${JSON.stringify(part)} of --cache-${direction}`)
      return [name.trim().toLowerCase(), value]
    }),
  )
  const type = fields.get('type') ?? 'registry'
  if (type !== 'registry')
    throw new GantryError(
      'NotImplemented',
      `--cache-${direction} of type ${JSON.stringify(type)} is not available: use type=registry or type=inline`,
    )
  const unknown = [...fields.keys()].find((name) => !known[direction].has(name))
  if (unknown !== undefined) throw invalid(`field ${JSON.stringify(unknown)} of --cache-${direction}`)
  return fields
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
