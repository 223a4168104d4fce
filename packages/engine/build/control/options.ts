/** What a client of BuildKit asks of the Dockerfile frontend, as a request of our own. */
import { GantryError } from '@gantry/errors'
import type { BuildOutput, EngineBuildRequest, SessionCache } from '../../contracts.ts'

/** Options of the frontend by their names: `filename`, `build-arg:NAME`, … */
export type FrontendOptions = ReadonlyMap<string, string>

export interface Exporter {
  type: string
  attributes: ReadonlyMap<string, string>
}

/** Caches to read and to write. */
export interface Caches {
  imports: readonly SessionCache[]
  exports: readonly SessionCache[]
}

/** Options that say nothing to this builder. */
const meaningless = new Set([
  'image-resolve-mode',
  'source',
  'cmdline',
  'contextkey',
  'dockerfilekey',
  // Said once more beside the options.
  'cache-imports',
  'cache-from',
  'frontend.caps',
])

const plain = new Set([
  'hostname',
  'multi-platform',
  'filename',
  'target',
  'platform',
  'no-cache',
  'context',
  'add-hosts',
  'force-network-mode',
  'shm-size',
  'ulimit',
  'cgroup-parent',
])
const prefixes = [
  'build-arg:',
  'label:',
  'context:',
  'attest:',
  'vcs:',
  'local-sessionid:',
  'input-metadata:',
]

/** What buildx asks for when its user has said nothing: without it, the same input gives the same image. */
const unasked = 'mode=min,inline-only=true'

/** Throws NotImplemented for an option that would be dropped otherwise. */
export function frontendRequest(
  options: FrontendOptions,
  session: string,
  exporters: readonly Exporter[],
  caches: Caches,
): Omit<EngineBuildRequest, 'signal'> {
  for (const name of options.keys()) refuseUnknown(name)
  const get = (name: string): string => options.get(name) ?? ''
  const target = get('target')
  const shmSize = Number(get('shm-size'))
  const ulimits = list(get('ulimit')).map(ulimit)
  const directorySessions = Object.fromEntries(withPrefix(options, 'local-sessionid:'))
  return {
    dockerfile: get('filename') || 'Dockerfile',
    ...contextOf(get('context')),
    tags: exporters.flatMap(({ type, attributes }) =>
      isImage(type) ? list(attributes.get('name') ?? '') : [],
    ),
    args: new Map([...asArguments(options), ...withPrefix(options, 'build-arg:')]),
    labels: Object.fromEntries(withPrefix(options, 'label:')),
    ...(target !== '' && { target }),
    platforms: list(get('platform')),
    // Who names no exporter wants the steps to have run, and nothing more.
    outputs: exporters.length > 0 ? exporters.map(output) : [{ type: 'cacheonly', attributes: {} }],
    contexts: Object.fromEntries(withPrefix(options, 'context:')),
    attests: Object.fromEntries(withPrefix(options, 'attest:').filter(([, value]) => value !== unasked)),
    repository: Object.fromEntries(withPrefix(options, 'vcs:')),
    cacheFrom: caches.imports,
    cacheTo: caches.exports,
    noCacheFilter: list(get('no-cache')),
    debug: false,
    noCache: options.has('no-cache') && get('no-cache') === '',
    squash: false,
    pull: get('image-resolve-mode') === 'pull',
    quiet: false,
    check: false,
    events: false,
    tellResult: true,
    tellImages: true,
    tellProvenance: true,
    network: get('force-network-mode'),
    hosts: list(get('add-hosts')).map((host) => host.replace('=', ':')),
    ...(shmSize > 0 && { shmSize }),
    ...(ulimits.length > 0 && { ulimits }),
    ...(get('cgroup-parent') !== '' && { limits: { CgroupParent: get('cgroup-parent') } }),
    remove: true,
    forceRemove: true,
    session,
    directorySessions,
    trace: true,
  }
}

/** Options that can be said as build arguments, too. */
const argumentOf = { hostname: 'BUILDKIT_SANDBOX_HOSTNAME', 'multi-platform': 'BUILDKIT_MULTI_PLATFORM' }

const asArguments = (options: FrontendOptions): [string, string][] =>
  Object.entries(argumentOf).flatMap(([name, argument]): [string, string][] => {
    const value = options.get(name)
    return value ? [[argument, value]] : []
  })

function refuseUnknown(name: string): void {
  if (meaningless.has(name) || plain.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) return
  throw new GantryError('NotImplemented', `the builder's option ${JSON.stringify(name)} is not available`)
}

function contextOf(context: string): Pick<EngineBuildRequest, 'context' | 'remote'> {
  if (context === '' || context.startsWith('local:')) return { context: 'session' }
  return { context: 'remote', remote: context }
}

/** Docker's own exporter is one of images; those have their names from elsewhere. */
function output({ type, attributes }: Exporter): BuildOutput {
  const rest = Object.fromEntries([...attributes].filter(([name]) => !(isImage(type) && name === 'name')))
  return { type: isImage(type) ? 'image' : type, attributes: rest }
}

const isImage = (type: string): boolean => type === 'moby' || type === 'image'

const list = (text: string): string[] => text.split(',').filter((item) => item !== '')

const withPrefix = (options: FrontendOptions, prefix: string): [string, string][] =>
  [...options].flatMap(([name, value]): [string, string][] =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  )

/** `nofile=1024:2048` */
function ulimit(text: string): { Name: string; Soft: number; Hard: number } {
  const [, name = '', soft, hard = soft] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? []
  if (name === '') throw new GantryError('InvalidParameter', `invalid ulimit: ${text}`)
  return { Name: name, Soft: Number(soft), Hard: Number(hard) }
}
