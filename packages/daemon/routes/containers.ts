import { bodies } from '@gantry/api/shapes'
import type { Containers, ContainerUpdateRequest } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { type CreateBody, createRequestFor } from '../compat/container-create.ts'
import { inspectFor, summaryFor } from '../compat/containers.ts'
import { kernelMemoryWarnings, type LegacyLimits } from '../compat/kernel-memory.ts'
import { hasBody } from '../http/body.ts'
import { parseFilters } from '../http/filters.ts'
import { empty, json } from '../http/reply.ts'
import { type ApiRequest, del, get, post, type Route } from '../http/route.ts'
import { requiredSize } from './console-size.ts'

/** The life of containers; their streams are in container-streams.ts. */
export function containerRoutes(
  containers: Containers,
  { experimental }: { experimental: boolean },
): Route[] {
  return [
    get('/containers/json', (request) => list(containers, request)),
    post('/containers/create', (request) => create(containers, request)),
    post('/containers/prune', (request) => prune(containers, request)),
    get('/containers/:id/json', async ({ params, query, version }) =>
      json(
        200,
        inspectFor(version, await containers.inspect(reference(params), { size: query.flag('size') })),
      ),
    ),
    get('/containers/:id/top', (request) => top(containers, request)),
    post('/containers/:id/start', (request) => start(containers, experimental, request)),
    post('/containers/:id/stop', async (request) => {
      await containers.stop(reference(request.params), stopOptions(request))
      return empty(204)
    }),
    post('/containers/:id/restart', async (request) => {
      await containers.restart(reference(request.params), stopOptions(request))
      return empty(204)
    }),
    post('/containers/:id/kill', async ({ params, query }) => {
      await containers.kill(reference(params), query.optional('signal') ?? 'SIGKILL')
      return empty(204)
    }),
    post('/containers/:id/pause', async ({ params }) => {
      await containers.pause(reference(params))
      return empty(204)
    }),
    post('/containers/:id/unpause', async ({ params }) => {
      await containers.unpause(reference(params))
      return empty(204)
    }),
    post('/containers/:id/update', (request) => update(containers, request)),
    post('/containers/:id/rename', async ({ params, query }) => {
      await containers.rename(reference(params), query.text('name'))
      return empty(204)
    }),
    post('/containers/:id/resize', async ({ params, query }) => {
      await containers.resize(reference(params), requiredSize(query))
      return empty(200)
    }),
    del('/containers/:id', async ({ params, query }) => {
      const options = { force: query.flag('force'), volumes: query.flag('v'), link: query.flag('link') }
      await containers.remove(reference(params), options)
      return empty(204)
    }),
  ]
}

function reference(params: Record<string, string>): string {
  return params.id ?? ''
}

async function list(containers: Containers, { query, version }: ApiRequest) {
  const found = await containers.list({
    all: query.flag('all'),
    limit: query.integer('limit'),
    size: query.flag('size'),
    filters: parseFilters(query.text('filters')),
  })
  return json(
    200,
    found.map((container) => summaryFor(version, container)),
  )
}

async function create(containers: Containers, { query, version, json: readBody }: ApiRequest) {
  const body = await readBody<CreateBody>(bodies.ContainerCreate)
  if (!body || Object.keys(body).every((key) => key === 'HostConfig' || key === 'NetworkingConfig'))
    throw invalid('Config cannot be empty in order to create a container')
  const request = createRequestFor(version, body)
  const discarded = kernelMemoryWarnings(version, body.HostConfig)
  const platform = version < 41 ? undefined : query.optional('platform')
  const { id, warnings } = await containers.create({ ...request, name: query.optional('name'), platform })
  return json(201, { Id: id, Warnings: [...discarded, ...warnings] })
}

async function prune(containers: Containers, { query }: ApiRequest) {
  const { deleted, spaceReclaimed } = await containers.prune(parseFilters(query.text('filters')))
  return json(200, { ContainersDeleted: orNull(deleted), SpaceReclaimed: spaceReclaimed })
}

async function top(containers: Containers, { params, query }: ApiRequest) {
  const psArguments = query.optional('ps_args') ?? '-ef'
  const { titles, processes } = await containers.top(reference(params), psArguments)
  return json(200, { Processes: processes, Titles: titles })
}

async function start(containers: Containers, experimental: boolean, request: ApiRequest) {
  const { params, query, headers } = request
  if (hasRealBody(headers))
    throw invalid(
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    )
  const id = query.optional('checkpoint')
  if (id && !experimental) throw invalid('checkpoint is only supported in experimental mode')
  const directory = query.optional('checkpoint-dir')
  await containers.start(reference(params), id ? { id, directory } : undefined)
  return empty(204)
}

async function update(containers: Containers, { params, version, json: readBody }: ApiRequest) {
  const whole = (await readBody<ContainerUpdateRequest & LegacyLimits>(bodies.ContainerUpdate)) ?? {}
  const { KernelMemory: _, ...body } = whole
  const request = version < 40 ? { ...body, PidsLimit: undefined } : body
  const discarded = kernelMemoryWarnings(version, whole)
  const warnings = await containers.update(reference(params), request)
  return json(200, { Warnings: orNull([...discarded, ...warnings]) })
}

function stopOptions({ query, version }: ApiRequest): { signal?: string; timeout?: number } {
  return {
    signal: version < 42 ? undefined : query.optional('signal'),
    timeout: query.integer('t'),
  }
}

/** Some clients send `{}` or `null` along with a start; Docker lets bodies of up to 7 bytes pass for their sake. */
function hasRealBody(headers: ApiRequest['headers']): boolean {
  const length = headers['content-length']
  return length === undefined ? hasBody(headers) : Number(length) > 7
}

/** Docker writes an empty list of deleted things as null. */
function orNull<T>(values: T[]): T[] | null {
  return values.length > 0 ? values : null
}

function invalid(message: string): GantryError {
  return new GantryError('InvalidParameter', message)
}
