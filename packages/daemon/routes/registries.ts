import type { RegistryService } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { type Credentials, decodeRegistryAuth, parseAuthConfig } from '@gantry/oci'
import { parseFilters } from '../http/filters.ts'
import { json } from '../http/reply.ts'
import { type ApiRequest, get, post, type Route } from '../http/route.ts'

const text = 'string'
const authShape = {
  fields: {
    username: text,
    password: text,
    auth: text,
    email: text,
    serveraddress: text,
    identitytoken: text,
    registrytoken: text,
  },
} as const

/** `/auth`, `/distribution/{name}/json` and `/images/search`: what clients ask registries through the engine. */
export function registryRoutes(registry: RegistryService): Route[] {
  return [
    post('/auth', async (request) => {
      const body = await request.json<object>(authShape)
      if (body === undefined)
        throw new GantryError('InvalidParameter', 'invalid JSON: got EOF while reading request body')
      return json(200, await registry.login(parseAuthConfig(body, 'AuthConfig'), request.signal))
    }),
    get('/distribution/*name/json', async (request) =>
      json(
        200,
        await registry.distribution(request.params.name ?? '', credentialsOf(request), request.signal),
      ),
    ),
    get('/images/search', async (request) => {
      const { query, signal } = request
      const found = await registry.search(query.text('term'), {
        credentials: credentialsOf(request),
        headers: metaHeaders(request),
        limit: query.integer('limit'),
        filters: parseFilters(query.text('filters')),
        signal,
      })
      return json(200, found)
    }),
  ]
}

/** A broken header is taken for none, as Docker takes it. */
export function credentialsOf({ headers }: Pick<ApiRequest, 'headers'>): Credentials {
  const header = headers['x-registry-auth']
  try {
    return decodeRegistryAuth(typeof header === 'string' ? header : undefined)
  } catch {
    return {}
  }
}

/** `X-Meta-*` headers, which go on to the registry. */
function metaHeaders({ headers }: Pick<ApiRequest, 'headers'>): Record<string, string> {
  const found = Object.entries(headers).filter(
    (entry): entry is [string, string] => entry[0].startsWith('x-meta-') && typeof entry[1] === 'string',
  )
  return Object.fromEntries(found)
}
