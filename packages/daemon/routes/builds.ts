import type {
  BuildCaches,
  BuildPruneOptions,
  Builds,
  EngineBuildRequest,
  ProgressMessage,
} from '@gantry/engine'
import { GantryError, messageOf } from '@gantry/errors'
import { type Credentials, decodeRegistryConfig } from '@gantry/oci'
import { parseFilters } from '../http/filters.ts'
import { streamType } from '../http/frames.ts'
import { parseJson } from '../http/json-syntax.ts'
import type { Query } from '../http/query.ts'
import { empty, json, progress, stream } from '../http/reply.ts'
import { detached } from '../http/rest-of-body.ts'
import { type ApiRequest, get, hijack, post, put, type Route } from '../http/route.ts'
import { outputs } from './build-outputs.ts'
import { requiredSize } from './console-size.ts'

/** Under which a client sends the context of a build whose request is another one. */
const uploadId = /^upload-request:(.+)$/

/** Builds, their sessions and BuildKit's gRPC, the build cache: `/build…`, `/session`, `/grpc`. */
export function buildRoutes(builds: Builds, caches: BuildCaches): Route[] {
  return [
    post('/build/layouts', async ({ body, query, signal }) => {
      const [tag, digest] = [query.optional('tag'), query.optional('digest')]
      const wanted = { ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) }
      return json(201, { ID: await builds.uploadLayout(detached(body, signal), wanted) })
    }),
    post('/build', async (request) => {
      const [, upload] = uploadId.exec(request.query.text('buildid')) ?? []
      if (upload === undefined) return progress(builtFor(request, builds))
      await builds.upload(upload, request.body, request.signal)
      return empty(200)
    }),
    post('/build/cancel', ({ query }) => {
      const id = query.text('id')
      if (id === '') throw new GantryError('InvalidParameter', 'build ID not provided')
      builds.cancel(id)
      return empty(200)
    }),
    hijack('/session', async ({ headers }) => {
      refuseOtherProtocols(headers.upgrade)
      return { kind: 'connection', protocol: 'h2c', hold: await builds.session(headers) }
    }),
    hijack('/grpc', async ({ headers }) => {
      refuseOtherProtocols(headers.upgrade)
      return { kind: 'connection', protocol: 'h2c', hold: await builds.control() }
    }),
    // Of our own, as the exports are: for `--debug-on-error`.
    hijack('/build/shells/:id/attach', async ({ params, version }) => {
      const session = await builds.joinShell(params.id as string)
      return { kind: 'hijack', contentType: streamType(session.terminal, version), session }
    }),
    post('/build/shells/:id/resize', async ({ params, query }) => {
      await builds.resizeShell(params.id as string, requiredSize(query))
      return empty(200)
    }),
    get('/build/exports/:id', ({ params }) =>
      stream('application/x-tar', builds.export(params.id as string)),
    ),
    post('/build/prune', async ({ query }) => {
      const { records, spaceReclaimed } = await caches.prune(pruneOptions(query))
      const deleted = records.map(({ id }) => id)
      return json(200, { CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: spaceReclaimed })
    }),
    get('/build/cache/*id/archive', async ({ params }) =>
      stream('application/x-tar', await caches.exportMount(params.id as string)),
    ),
    put('/build/cache/*id/archive', async ({ params, body, signal }) => {
      await caches.importMount(params.id as string, body, signal)
      return empty(200)
    }),
  ]
}

/**
 * What a build tells. Of a client whose build is refused the session is closed, which it may not know yet that it has, and
 * the upload of its context ended.
 */
async function* builtFor(request: ApiRequest, builds: Builds): AsyncGenerator<ProgressMessage> {
  try {
    yield* builds.build(request.body, buildRequest(request))
  } catch (error) {
    const session = request.query.optional('session')
    const buildId = request.query.optional('buildid')
    if (session || buildId) await builds.dismiss({ ...(session && { session }), ...(buildId && { buildId }) })
    throw error
  }
}

/** `keep-storage` is what `reserved-space` was called until 1.47. */
function pruneOptions(query: Query): BuildPruneOptions {
  const reserved = query.integer('reserved-space') ?? query.integer('keep-storage')
  const most = query.integer('max-used-space')
  const free = query.integer('min-free-space')
  return {
    all: query.flag('all'),
    filters: parseFilters(query.text('filters')),
    ...(reserved !== undefined && { reservedSpace: reserved }),
    ...(most !== undefined && { maxUsedSpace: most }),
    ...(free !== undefined && { minFreeSpace: free }),
  }
}

function buildRequest({ query, signal, headers }: ApiRequest): EngineBuildRequest {
  refuseOtherPlatforms(query)
  const target = query.optional('target')
  const remote = query.optional('remote')
  const session = query.optional('session')
  const buildId = query.optional('buildid')
  const shmSize = query.integer('shmsize')
  if (shmSize !== undefined && shmSize < 0) throw malformed('SHM size can not be less than 0')
  return {
    dockerfile: query.text('dockerfile') || 'Dockerfile',
    outputs: outputs(query.text('outputs')),
    attests: record(query, 'attests'),
    repository: record(query, 'repository'),
    contexts: record(query, 'contexts'),
    platforms: query.all('platform').flatMap((text) => text.split(',').filter(Boolean)),
    credentials: credentialsOf(headers['x-registry-config']),
    tags: query.all('t').filter((tag) => tag !== ''),
    args: new Map(Object.entries(record(query, 'buildargs'))),
    labels: record(query, 'labels'),
    noCache: query.flag('nocache'),
    cacheFrom: texts(query, 'cachefrom'),
    cacheTo: texts(query, 'cacheto'),
    noCacheFilter: query.all('no-cache-filter').flatMap((text) => text.split(',').filter(Boolean)),
    squash: query.flag('squash'),
    pull: query.flag('pull'),
    quiet: query.flag('q'),
    check: query.flag('check'),
    debug: query.flag('debug'),
    events: query.flag('events'),
    tellProvenance: query.flag('metadata'),
    trace: builderVersion(query) === '2',
    context: contextOf(remote),
    ...(session !== undefined && { session }),
    ...(buildId !== undefined && { buildId }),
    network: query.text('networkmode'),
    hosts: hosts(query),
    signal,
    ...(target !== undefined && { target }),
    ...(remote !== undefined && { remote }),
    remove: query.text('rm') === '' || query.flag('rm'),
    forceRemove: query.flag('forcerm'),
    ...(shmSize && { shmSize }),
    limits: limits(query),
    ...ulimits(query),
  }
}

function refuseOtherProtocols(upgrade: string | undefined): void {
  if (!upgrade) throw new GantryError('InvalidParameter', 'no upgrade proto in request')
  if (upgrade !== 'h2c') throw new GantryError('InvalidParameter', `protocol ${upgrade} not supported`)
}

function contextOf(remote: string | undefined): EngineBuildRequest['context'] {
  if (remote === undefined) return 'body'
  if (remote === 'client-session') return 'session'
  if (remote === 'client-files') return 'files'
  return remote === 'upload-request' ? 'upload' : 'remote'
}

/** What only daemons on Windows know. */
function refuseOtherPlatforms(query: Query): void {
  const refused = (message: string): GantryError => new GantryError('InvalidParameter', message)
  if (query.text('securityopt') !== '')
    throw refused('The daemon on this platform does not support setting security options on build')
  const isolation = query.text('isolation')
  if (isolation !== '' && isolation.toLowerCase() !== 'default')
    throw refused(`Unsupported isolation: ${JSON.stringify(isolation)}`)
}

function builderVersion(query: Query): string {
  const version = query.text('version')
  if (!['', '1', '2'].includes(version)) throw malformed(`invalid version ${JSON.stringify(version)}`)
  return version
}

/** Zero and nothing mean no limit. */
function limits(query: Query): NonNullable<EngineBuildRequest['limits']> {
  const all = {
    Memory: query.integer('memory'),
    MemorySwap: query.integer('memswap'),
    CpuShares: query.integer('cpushares'),
    CpuPeriod: query.integer('cpuperiod'),
    CpuQuota: query.integer('cpuquota'),
    CpusetCpus: query.optional('cpusetcpus'),
    CpusetMems: query.optional('cpusetmems'),
    CgroupParent: query.optional('cgroupparent'),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value))
}

/** Credentials by server address, as classic clients send them: Docker Hub has several spellings. */
function credentialsOf(header: string | string[] | undefined): (domain: string) => Credentials | undefined {
  const known = registryConfig(Array.isArray(header) ? header[0] : header)
  const byHost = new Map(
    Object.entries(known).map(([address, credentials]) => [
      address.replace(/^https?:\/\//, '').split('/')[0] ?? address,
      credentials,
    ]),
  )
  return (domain) =>
    byHost.get(domain) ?? (domain === 'docker.io' ? byHost.get('index.docker.io') : undefined)
}

/** As in Docker, a header that cannot be read is none: most images can be had without it. */
function registryConfig(header: string | undefined): Record<string, Credentials> {
  try {
    return decodeRegistryConfig(header)
  } catch {
    return {}
  }
}

/** `{"NAME": "value"}`; a null value is a name that the client's environment lacked. */
function record(query: Query, name: string): Record<string, string> {
  const value = parse(query, name)
  if (value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw unlike(name, 'an object of texts')
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]): [string, string][] => {
      if (text === null) return []
      if (typeof text !== 'string') throw unlike(name, 'an object of texts')
      return [[key, text]]
    }),
  )
}

function ulimits(query: Query): Pick<EngineBuildRequest, 'ulimits'> {
  const value = parse(query, 'ulimits')
  if (value === null) return {}
  if (!Array.isArray(value)) throw unlike('ulimits', 'a list')
  const limits = value.map((item: unknown) => {
    const { Name, Soft, Hard } = (item ?? {}) as Record<string, unknown>
    if (typeof Name !== 'string' || typeof Soft !== 'number' || typeof Hard !== 'number')
      throw unlike('ulimits', 'a list of {Name, Soft, Hard}')
    return { Name, Soft, Hard }
  })
  return { ulimits: limits }
}

/** A JSON list of texts. */
const texts = (query: Query, name: string): string[] =>
  query.text(name) === '' ? [] : textsIn(query.text(name), name)

function textsIn(text: string, name: string): string[] {
  const value = parseText(text, name)
  if (value === null) return []
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw unlike(name, 'a list of texts')
  return value
}

/** One JSON list, or a comma-separated text, or several parameters. */
function hosts(query: Query): string[] {
  return query
    .all('extrahosts')
    .flatMap((text) => (text.startsWith('[') ? textsIn(text, 'extrahosts') : text.split(',')))
    .filter((host) => host !== '')
}

const parse = (query: Query, name: string): object | null =>
  query.text(name) === '' ? null : (parseText(query.text(name), name) as object | null)

function parseText(text: string, name: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw malformed(`${problemWith(name)}${messageOf(error)}`)
  }
}

/** Docker's names for some of the parameters. */
const called = new Map([
  ['buildargs', 'build args'],
  ['labels', 'labels'],
  ['ulimits', 'ulimit settings'],
])

const problemWith = (name: string): string =>
  called.has(name) ? `error reading ${called.get(name)}: ` : `invalid value of the parameter ${name}: `

const unlike = (name: string, wanted: string): GantryError => malformed(`${problemWith(name)}not ${wanted}`)

const malformed = (message: string): GantryError => new GantryError('InvalidParameter', message)
