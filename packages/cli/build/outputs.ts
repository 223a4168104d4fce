/** `--output`, `--load` and `--push`: what is to be made of a build, and where it goes on this side. */
import { parseCsv } from '../options/csv.ts'

/** What the engine is asked for, and what becomes of an archive that it gives out. */
export interface Output {
  type: string
  attributes: Record<string, string>
  destination: { kind: 'engine' } | { kind: 'directory' | 'file'; path: string } | { kind: 'stdout' }
}

export interface OutputFlags {
  outputs: readonly string[]
  load: boolean
  push: boolean
  /** Whether standard output is a terminal: archives do not go there. */
  terminal: boolean
}

/** Throws Error in buildx's words. No output at all is the engine's default: an image. */
export function parseOutputs({ outputs, load, push, terminal }: OutputFlags): Output[] {
  const parsed = outputs.map((text) => parseOutput(text, terminal))
  if (parsed.filter(({ destination }) => destination.kind === 'stdout').length > 1)
    throw new Error('only one output can be written to standard output')
  if (load && !parsed.some(isStored)) parsed.push(stored('image'))
  if (push) {
    const images = parsed.filter(isStored)
    for (const { attributes } of images) attributes.push ??= 'true'
    if (images.length === 0) parsed.push(stored('registry'))
  }
  return parsed
}

const stored = (type: string): Output => ({ type, attributes: {}, destination: { kind: 'engine' } })
const isStored = ({ type }: Output): boolean => type === 'image' || type === 'registry'

function parseOutput(text: string, terminal: boolean): Output {
  const fields = csv(text)
  if (fields.length === 1 && fields[0] === text && !text.startsWith('type=')) {
    if (text === '-') return withDestination('tar', {}, '-', terminal)
    return withDestination('local', {}, text, terminal)
  }
  const attributes: Record<string, string> = {}
  for (const field of fields) {
    const equals = field.indexOf('=')
    if (equals < 0) throw new Error(`invalid value ${field}`)
    attributes[field.slice(0, equals).trim().toLowerCase()] = field.slice(equals + 1)
  }
  const { type, dest, ...rest } = attributes
  if (!type) throw new Error('type is required for output')
  return withDestination(type, rest, dest ?? '', terminal)
}

function csv(text: string): string[] {
  try {
    return parseCsv(text)
  } catch (error) {
    throw new Error(`invalid output ${JSON.stringify(text)}: ${(error as Error).message}`)
  }
}

function withDestination(
  type: string,
  attributes: Record<string, string>,
  path: string,
  terminal: boolean,
): Output {
  if (type === 'local') {
    if (path === '') throw new Error('dest is required for local exporter')
    if (path === '-') throw new Error('dest cannot be stdout for local exporter')
    return { type, attributes, destination: { kind: 'directory', path } }
  }
  // Without a place to go to, an archive of Docker's is what the engine keeps.
  if (type === 'docker' && path === '') return { ...stored('image'), attributes }
  if (type !== 'tar' && type !== 'oci' && type !== 'docker') {
    if (path !== '') throw new Error(`dest is not for the ${type} exporter`)
    return { ...stored(type), attributes }
  }
  const { tar, ...rest } = attributes
  if (type !== 'tar' && tar === 'false') {
    if (path === '' || path === '-') throw new Error(`dest is required for ${type} exporter`)
    return { type, attributes: rest, destination: { kind: 'directory', path } }
  }
  if (path !== '' && path !== '-') return { type, attributes: rest, destination: { kind: 'file', path } }
  if (terminal) throw new Error(`dest file is required for ${type} exporter. refusing to write to console`)
  return { type, attributes: rest, destination: { kind: 'stdout' } }
}

const holdsImage = ({ type }: Output): boolean => type !== 'local' && type !== 'tar' && type !== 'cacheonly'

/** `--annotation` on every output that is an image. Throws Error in buildx's words. */
export function annotate(outputs: readonly Output[], annotations: readonly string[]): Output[] {
  if (annotations.length === 0) return [...outputs]
  const added = Object.fromEntries(annotations.flatMap(annotationAttributes))
  const all = outputs.length > 0 ? outputs : [stored('image')]
  return all.map((output) =>
    holdsImage(output) ? { ...output, attributes: { ...added, ...output.attributes } } : output,
  )
}

const levels = new Set(['manifest', 'index', 'manifest-descriptor', 'index-descriptor'])

/** `index,manifest[linux/amd64]:key=value` as the attributes of an output. */
function annotationAttributes(text: string): [string, string][] {
  const [, types = 'manifest', key, value] =
    /^(?:([a-z-]+(?:\[[^\]]*\])?(?:,[a-z-]+(?:\[[^\]]*\])?)*):)?([^=:][^=]*)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined)
    throw new Error(`invalid annotation ${JSON.stringify(text)}, expected key=value`)
  return types.split(',').map((type): [string, string] => {
    const [, level = '', platform = ''] = /^([a-z-]+)(\[[^\]]*\])?$/.exec(type) ?? []
    if (!levels.has(level)) throw new Error(`unknown annotation type ${JSON.stringify(level)}`)
    return [`annotation-${level}${platform}.${key}`, value]
  })
}

/** As the parameter of the API has it. */
export function encodeOutputs(outputs: readonly Output[]): Record<string, string> {
  if (outputs.length === 0) return {}
  return {
    outputs: JSON.stringify(outputs.map(({ type, attributes }) => ({ Type: type, Attrs: attributes }))),
  }
}
