/** Image configurations (OCI image-spec config.md, with the fields that Docker adds). */
import { type Digest, parseDigest } from './digest.ts'
import * as json from './json.ts'
import type { Platform } from './platform.ts'

/** What a container of the image runs with. Field names are those of the file and of Docker's API. */
export interface RunConfig {
  User?: string
  ExposedPorts?: Record<string, Record<string, never>>
  Env?: string[]
  Entrypoint?: string[]
  Cmd?: string[]
  ArgsEscaped?: boolean
  Volumes?: Record<string, Record<string, never>>
  WorkingDir?: string
  Labels?: Record<string, string>
  StopSignal?: string
  OnBuild?: string[]
  Shell?: string[]
  Healthcheck?: Healthcheck
}

/** Durations in nanoseconds. */
export interface Healthcheck {
  Test?: string[]
  Interval?: number
  Timeout?: number
  StartPeriod?: number
  StartInterval?: number
  Retries?: number
}

export interface HistoryEntry {
  created?: string
  author?: string
  created_by?: string
  comment?: string
  /** The step changed the configuration only. */
  empty_layer?: boolean
}

/** Name of the field in a configuration that tells the keys of the image's layers. */
export const inlineCacheField = 'moby.buildkit.cache.v0'

export interface ImageConfigFile extends Platform {
  created?: string
  author?: string
  comment?: string
  config: RunConfig
  /** Digests of the uncompressed layers, base first. */
  diffIds: Digest[]
  history: HistoryEntry[]
  /** What BuildKit keeps of a build's cache in its image; written, and not read with the rest. */
  [inlineCacheField]?: string
}

/** Largest image configuration accepted, in bytes. */
export const largestConfig = 8 * 1024 * 1024
const mostLayers = 1024

const known = [
  'architecture',
  'os',
  'variant',
  'os.version',
  'created',
  'author',
  'comment',
  'config',
  'rootfs',
  'history',
]

/** Parses and checks a configuration file. Throws InvalidParameter. */
export function parseImageConfig(bytes: Uint8Array): ImageConfigFile {
  const body = json.parseJsonObject(bytes, 'image config', largestConfig)
  json.rejectLookalikes(body, known, 'image config')
  const rootfs = json.object(body.rootfs, 'image config rootfs')
  if (rootfs.type !== 'layers') throw json.malformed('image config', 'rootfs type is not "layers"')
  const diffIds = json.optional(rootfs.diff_ids, 'image config diff_ids', digests) ?? []
  if (diffIds.length > mostLayers) throw json.malformed('image config', `more than ${mostLayers} layers`)
  const history = json.optional(body.history, 'image config history', histories) ?? []
  return {
    architecture: text(body, 'architecture') ?? '',
    os: text(body, 'os') ?? 'linux',
    ...present({
      variant: text(body, 'variant') || undefined,
      'os.version': text(body, 'os.version') || undefined,
      created: text(body, 'created'),
      author: text(body, 'author'),
      comment: text(body, 'comment'),
    }),
    config: json.optional(body.config, 'image config', parseRunConfig) ?? {},
    diffIds,
    history,
  }
}

/** Parses the `config` part: null and absent fields are left out, anything of another type is an error. */
export function parseRunConfig(value: unknown, what = 'image config'): RunConfig {
  const body = json.object(value, what)
  const strings = (key: string) => json.optional(body[key], `${what} ${key}`, textList)
  const set = (key: string) => json.optional(body[key], `${what} ${key}`, keySet)
  const named = (key: string) => json.optional(body[key], `${what} ${key}`, json.string)
  return present({
    User: named('User'),
    ExposedPorts: set('ExposedPorts'),
    Env: strings('Env'),
    Entrypoint: strings('Entrypoint'),
    Cmd: strings('Cmd'),
    ArgsEscaped: json.optional(body.ArgsEscaped, `${what} ArgsEscaped`, json.boolean),
    Volumes: set('Volumes'),
    WorkingDir: named('WorkingDir'),
    Labels: json.optional(body.Labels, `${what} Labels`, textMap),
    StopSignal: named('StopSignal'),
    OnBuild: strings('OnBuild'),
    Shell: strings('Shell'),
    Healthcheck: json.optional(body.Healthcheck, `${what} Healthcheck`, healthcheck),
  })
}

function healthcheck(value: unknown, what: string): Healthcheck {
  const body = json.object(value, what)
  const number = (key: string) => json.optional(body[key], `${what} ${key}`, json.integer)
  return present({
    Test: json.optional(body.Test, `${what} Test`, textList),
    Interval: number('Interval'),
    Timeout: number('Timeout'),
    StartPeriod: number('StartPeriod'),
    StartInterval: number('StartInterval'),
    Retries: number('Retries'),
  })
}

function histories(value: unknown, what: string): HistoryEntry[] {
  return json.list(value, what, (each, where) => {
    const body = json.object(each, where)
    return present({
      created: text(body, 'created'),
      author: text(body, 'author'),
      created_by: text(body, 'created_by'),
      comment: text(body, 'comment'),
      empty_layer: json.optional(body.empty_layer, `${where} empty_layer`, json.boolean),
    })
  })
}

const digests = (value: unknown, what: string) =>
  json.list(value, what, (each, where) => parseDigest(json.string(each, where)))
const textList = (value: unknown, what: string) => json.list(value, what, json.string)
const textMap = (value: unknown, what: string) => json.map(value, what, json.string)
const keySet = (value: unknown, what: string) => json.map(value, what, (): Record<string, never> => ({}))
const text = (body: json.JsonObject, key: string) =>
  json.optional(body[key], `image config ${key}`, json.string)

/** Leaves out what is undefined, so that objects compare and print as the file was. */
function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** The bytes of a new configuration file, in the field order of Docker's own. */
export function serializeImageConfig(file: ImageConfigFile): Buffer {
  const { architecture, os, variant, config, diffIds, history, created, author, comment } = file
  const body = {
    architecture,
    ...(author && { author }),
    ...(comment && { comment }),
    config,
    ...(created && { created }),
    history,
    os,
    ...(file['os.version'] && { 'os.version': file['os.version'] }),
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(variant && { variant }),
    ...(file[inlineCacheField] !== undefined && { [inlineCacheField]: file[inlineCacheField] }),
  }
  return Buffer.from(JSON.stringify(body))
}
