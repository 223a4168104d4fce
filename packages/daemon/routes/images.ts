import { Readable } from 'node:stream'
import type { ImageImportOptions, Images, ProgressMessage, RegistryAccess } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { type Credentials, canonicalName, decodeRegistryAuth, parseReference } from '@gantry/oci'
import { imageInspectFor, imageSummaryFor } from '../compat/images.ts'
import { parseFilters } from '../http/filters.ts'
import { platformOf } from '../http/platform.ts'
import { empty, json, progress, type Reply, type StreamReply, stream } from '../http/reply.ts'
import { detached } from '../http/rest-of-body.ts'
import { type ApiRequest, del, get, post, type Route } from '../http/route.ts'

/** The product's own image, which is there without a registry. */
const builtIn = 'hello-world'

/** Images: `/images…`. A name may have slashes. */
export function imageRoutes(images: Images): Route[] {
  return [
    get('/images/json', (request) => list(images, request)),
    post('/images/create', (request) => create(images, request)),
    post('/images/load', ({ query, body, signal }) =>
      progress(
        images.load(detached(body, signal), {
          quiet: query.flag('quiet'),
          signal,
          platforms: platformsOf(query.all('platform')),
        }),
      ),
    ),
    post('/images/prune', async ({ query }) => {
      const { deleted, spaceReclaimed } = await images.prune(parseFilters(query.text('filters')))
      return json(200, { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: spaceReclaimed })
    }),
    get('/images/get', ({ query }) =>
      save(
        images,
        query.all('names').flatMap((names) => names.split(',')),
        platformsOf(query.all('platform')),
      ),
    ),
    get('/images/*name/get', ({ params, query }) =>
      save(images, [name(params)], platformsOf(query.all('platform'))),
    ),
    get('/images/*name/json', async ({ params, query, version }) => {
      const platform = platformOf(query.text('platform'))
      const manifests = query.flag('manifests')
      if (platform && manifests) {
        throw new GantryError(
          'InvalidParameter',
          'conflicting options: manifests and platform options cannot both be set',
        )
      }
      const found = await images.inspect(name(params), { manifests, ...(platform && { platform }) })
      return json(200, imageInspectFor(version, found))
    }),
    get('/images/*name/history', async ({ params, query }) =>
      json(200, await images.history(name(params), platformOf(query.text('platform')))),
    ),
    get('/images/*name/diff', async ({ params, query }) => {
      const other = query.text('with')
      if (other === '')
        throw new GantryError('InvalidParameter', 'with: the image to compare with is missing')
      const body = await images.diff(name(params), other, platformOf(query.text('platform')))
      return { ...stream('application/x-ndjson', body), lazy: true }
    }),
    get('/images/*name/layers', async ({ params, query }) => {
      const body = await images.explore(name(params), platformOf(query.text('platform')))
      return { ...stream('application/x-ndjson', body), lazy: true }
    }),
    post('/images/*name/tag', async ({ params, query }) => {
      await images.tag(name(params), { repo: query.text('repo'), tag: query.text('tag') })
      return empty(201)
    }),
    del('/images/*name', async ({ params, query, version }) => {
      const platforms = version < 50 ? [] : platformsOf(query.all('platforms'))
      const options = { force: query.flag('force'), noPrune: query.flag('noprune'), platforms }
      return json(200, await images.remove(name(params), options))
    }),
    post('/images/*name/push', (request) => push(images, request)),
  ]
}

const platformsOf = (texts: string[]): string[] => texts.filter((text) => text !== '').map(platformOf)

function name(params: Record<string, string>): string {
  return params.name ?? ''
}

async function list(images: Images, { query, version }: ApiRequest): Promise<Reply> {
  const found = await images.list({
    all: query.flag('all'),
    sharedSize: query.flag('shared-size'),
    manifests: query.flag('manifests'),
    filters: legacyFilter(version, query.text('filter'), parseFilters(query.text('filters'))),
  })
  return json(
    200,
    found.map((image) => imageSummaryFor(version, image)),
  )
}

/** Before 1.41 there was also `filter`, which named one repository. */
function legacyFilter(version: number, filter: string, filters: ReturnType<typeof parseFilters>) {
  return version < 41 && filter !== '' ? { ...filters, reference: [filter] } : filters
}

async function create(images: Images, request: ApiRequest): Promise<Reply> {
  const fromImage = request.query.text('fromImage')
  if (fromImage !== '') return pull(images, fromImage, request.query.text('tag'), request)
  const fromSrc = request.query.text('fromSrc')
  if (fromSrc === '-') return progress(imported(images, request))
  if (fromSrc === '') throw new GantryError('InvalidParameter', 'either fromImage or fromSrc is required')
  return progress(images.importFrom(fromSrc, importOptions(request)))
}

async function* imported(images: Images, request: ApiRequest): AsyncIterable<ProgressMessage> {
  yield { status: await images.import(detached(request.body, request.signal), importOptions(request)) }
}

function importOptions({ query, signal }: ApiRequest): ImageImportOptions {
  return {
    repo: query.optional('repo'),
    tag: query.optional('tag'),
    message: query.optional('message'),
    changes: query.all('changes'),
    platform: query.optional('platform'),
    signal,
  }
}

async function pull(
  images: Images,
  fromImage: string,
  tag: string,
  request: ApiRequest,
): Promise<StreamReply> {
  const named = parseReference(fromImage)
  const { tag: _, ...repository } = named
  const reference =
    tag === '' ? named : parseReference(`${canonicalName(repository)}${tag.includes(':') ? '@' : ':'}${tag}`)
  if (isBuiltIn(tag === '' ? fromImage : `${fromImage}:${tag}`)) return pullBuiltIn(images)
  const platform = platformOf(request.query.text('platform'))
  return progress(
    images.pull(reference, {
      ...registryAccess(request),
      allTags: reference.tag === undefined && reference.digest === undefined,
      ...(platform && { platform }),
    }),
  )
}

async function pullBuiltIn(images: Images): Promise<StreamReply> {
  await images.resolve(builtIn)
  return progress(
    Readable.from([
      { status: 'Pulling from library/hello-world', id: 'latest' },
      { status: `Status: Image is up to date for ${builtIn}:latest` },
    ]),
  )
}

function push(images: Images, request: ApiRequest): StreamReply {
  const { params, query } = request
  const { tag: _, ...repository } = parseReference(name(params))
  const tag = query.text('tag')
  const platform = platformOf(query.text('platform'))
  const reference = tag === '' ? repository : parseReference(`${canonicalName(repository)}:${tag}`)
  return progress(images.push(reference, { ...registryAccess(request), ...(platform && { platform }) }))
}

/** Docker lets pulls and pushes pass with a header that cannot be read: as if nobody had logged in. */
function registryAccess({ headers, signal }: ApiRequest): RegistryAccess {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-meta-'))
  return {
    credentials: credentialsIn(headers['x-registry-auth']),
    headers: Object.fromEntries(own.map(([name, value]) => [name, String(value)])),
    signal,
  }
}

function credentialsIn(header: string | string[] | undefined): Credentials {
  try {
    return decodeRegistryAuth(Array.isArray(header) ? header[0] : header)
  } catch {
    return {}
  }
}

function isBuiltIn(reference: string): boolean {
  return /^(?:docker\.io\/)?(?:library\/)?hello-world(?::latest)?$/.test(reference)
}

async function save(images: Images, references: string[], platforms: string[]): Promise<Reply> {
  if (references.length === 0) throw new GantryError('InvalidParameter', 'no images were named')
  const archive = await images.save(references, platforms)
  return {
    kind: 'stream',
    status: 200,
    headers: { 'Content-Type': 'application/x-tar' },
    body: archive,
    lazy: true,
  }
}
