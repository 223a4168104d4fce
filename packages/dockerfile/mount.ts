/** `RUN --mount=…`: its value, once variables have been replaced. */
import { messageOf } from '@gantry/errors'
import { DockerfileProblem } from './problem.ts'
import { parseSize } from './size.ts'
import { suggestion } from './suggest.ts'

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh'

export interface RunMount {
  type: MountType
  readonly: boolean
  target?: string
  source?: string
  /** A stage, a named context or an image. */
  from?: string
  id?: string
  sharing?: 'shared' | 'private' | 'locked'
  /** Bytes; tmpfs only. */
  size?: number
  /** A secret that is also, or only, an environment variable. */
  env?: string
  required?: boolean
  /** As written, octal. */
  mode?: string
  uid?: number
  gid?: number
}

const types: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh']
const readOnlyByDefault = new Set<MountType>(['bind', 'secret', 'ssh'])
const owned = new Set<MountType>(['cache', 'secret', 'ssh'])
const keys = [
  ...[
    'type',
    'from',
    'source',
    'target',
    'readonly',
    'id',
    'sharing',
    'required',
    'size',
    'mode',
    'uid',
    'gid',
  ],
  ...['src', 'dst', 'destination', 'ro', 'rw', 'readwrite', 'env'],
]

/** Reads comma-separated `key=value` fields. Throws DockerfileProblem with BuildKit's words. */
export function parseMount(text: string): RunMount {
  const fields = csvFields(text).map(splitField)
  const written = fields.find(({ key }) => key === 'type')?.value ?? 'bind'
  const type = types.find((candidate) => candidate === written.toLowerCase())
  if (!type)
    throw new DockerfileProblem(
      `unsupported mount type ${JSON.stringify(written)}${suggestion(written, types)}`,
    )
  const mount: RunMount = { type, readonly: readOnlyByDefault.has(type) }
  for (const field of fields) if (field.key !== 'type') setField(mount, field)
  check(mount)
  return mount
}

interface Field {
  key: string
  /** Undefined without an equals sign. */
  value: string | undefined
  written: string
}

/** Fields of one CSV record (RFC 4180): a quoted field may hold commas. */
export function csvFields(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
}

function splitField(written: string): Field {
  const equals = written.indexOf('=')
  if (equals < 0) return { key: written.toLowerCase(), value: undefined, written }
  return { key: written.slice(0, equals).toLowerCase(), value: written.slice(equals + 1), written }
}

function setField(mount: RunMount, field: Field): void {
  const { key, written } = field
  if (!keys.includes(key))
    throw new DockerfileProblem(`unexpected key '${key}' in '${written}'${suggestion(key, keys)}`)
  if (key === 'readonly' || key === 'ro') mount.readonly = truth(field)
  else if (key === 'readwrite' || key === 'rw') mount.readonly = !truth(field)
  else if (key === 'required') setRequired(mount, field)
  else setText(mount, field, needed(field))
}

function truth({ key, value, written }: Field): boolean {
  if (value === undefined) return true
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw new DockerfileProblem(`invalid value for ${key}: ${JSON.stringify(value)} in '${written}'`)
}

function needed({ written, value }: Field): string {
  if (value === undefined) throw new DockerfileProblem(`invalid field '${written}' must be a key=value pair`)
  return value
}

function setRequired(mount: RunMount, field: Field): void {
  if (mount.type !== 'secret' && mount.type !== 'ssh') refuse(mount, 'required')
  mount.required = truth(field)
}

function refuse({ type }: RunMount, key: string): never {
  throw new DockerfileProblem(`unexpected key '${key}' for mount type '${type}'`)
}

function setText(mount: RunMount, { key }: Field, value: string): void {
  switch (key) {
    case 'target':
    case 'dst':
    case 'destination':
      mount.target = value
      break
    case 'source':
    case 'src':
      mount.source = value
      break
    case 'from':
    case 'id':
      mount[key] = value
      break
    case 'env':
      if (mount.type !== 'secret') refuse(mount, key)
      mount.env = value
      break
    case 'sharing':
      mount.sharing = sharingOf(mount, value)
      break
    case 'size':
      if (mount.type !== 'tmpfs') refuse(mount, key)
      mount.size = sizeOf(value)
      break
    case 'mode':
      if (!owned.has(mount.type)) refuse(mount, key)
      if (!/^[0-7]+$/.test(value)) throw new DockerfileProblem(`invalid value ${value} for mode`)
      mount.mode = value
      break
    case 'uid':
    case 'gid':
      if (!owned.has(mount.type)) refuse(mount, key)
      if (!/^\d+$/.test(value)) throw new DockerfileProblem(`invalid value ${value} for ${key}`)
      mount[key] = Number(value)
  }
}

function sharingOf(mount: RunMount, value: string): 'shared' | 'private' | 'locked' {
  if (mount.type !== 'cache') refuse(mount, 'sharing')
  const choices = ['shared', 'private', 'locked'] as const
  const choice = choices.find((candidate) => candidate === value.toLowerCase())
  if (!choice)
    throw new DockerfileProblem(
      `unsupported sharing value ${JSON.stringify(value)}${suggestion(value, choices)}`,
    )
  return choice
}

function sizeOf(text: string): number {
  try {
    return parseSize(text)
  } catch (error) {
    throw new DockerfileProblem(messageOf(error))
  }
}

function check(mount: RunMount): void {
  const { type, target, source, id, from } = mount
  if (type === 'secret') {
    if (from !== undefined) throw new DockerfileProblem('secret mount should not have a from')
    if (source !== undefined && id !== undefined)
      throw new DockerfileProblem("both id and source can't be set for a secret mount")
    if (!target && !source && !id)
      throw new DockerfileProblem('invalid secret mount. one of source, target required')
    return
  }
  if (type === 'ssh') {
    if (source !== undefined) throw new DockerfileProblem('ssh mount should not have a source')
    return
  }
  if (!target) throw new DockerfileProblem(`invalid ${type} mount: target is required`)
}
