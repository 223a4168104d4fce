import { GantryError } from '@gantry/errors'

/** What `-v` says: `[source:]destination[:mode]`, taken apart but not yet judged as a mount. */
export interface BindSpec {
  /** A host path, a volume's name, or empty for an anonymous volume. */
  source: string
  destination: string
  /** The text after the second colon, as `inspect` shows it. */
  mode: string
  readOnly: boolean
  /** False with `nocopy`. */
  copyUp: boolean
  propagation: string
}

export const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const

/** Of each of these groups a mode has one word at most. */
const modeGroups: readonly (readonly string[])[] = [
  ['rw', 'ro'],
  ['z', 'Z'],
  ['copy', 'nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
  propagations,
]

/**
 * Parses one element of HostConfig.Binds. Throws InvalidParameter `invalid volume specification: 'X'` or
 * `invalid mode: X`.
 */
export function parseBindSpec(raw: string): BindSpec {
  const parts = raw.split(':')
  const [first = '', second, third] = parts
  if (first === '' || parts.length > 3) throw invalidSpec(raw)
  if (second === undefined) return describe('', first, '')
  if (third === undefined) {
    if (isMode(second)) throw invalidSpec(raw)
    return describe(first, second, '')
  }
  if (!isMode(third)) throw new GantryError('InvalidParameter', `invalid mode: ${third}`)
  return describe(first, second, third)
}

/** The error that names the whole of a `-v` argument. */
export function invalidSpec(raw: string, reason?: string): GantryError {
  const text = `invalid volume specification: '${raw}'`
  return new GantryError('InvalidParameter', reason ? `${text}: ${reason}` : text)
}

function describe(source: string, destination: string, mode: string): BindSpec {
  const words = mode.split(',')
  return {
    source,
    destination,
    mode,
    readOnly: words.includes('ro'),
    copyUp: !words.includes('nocopy'),
    propagation: words.find((word) => propagations.some((known) => known === word)) ?? '',
  }
}

/** `ro,z,rslave` and the like; each word known, none of a group twice. The empty mode is none. */
export function isMode(text: string): boolean {
  if (text === '') return false
  const seen = new Set<readonly string[]>()
  for (const word of text.split(',')) {
    const group = modeGroups.find((words) => words.includes(word))
    if (!group || seen.has(group)) return false
    seen.add(group)
  }
  return true
}

/** A mode that says only who may write and how it is labelled, as `--volumes-from` takes it. */
export function isAccessMode(text: string): boolean {
  const foreign: readonly string[] = ['copy', 'nocopy', ...propagations]
  return isMode(text) && !text.split(',').some((word) => foreign.includes(word))
}
