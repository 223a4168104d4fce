import type { NetworkConnectRequest, NetworkDisconnectRequest, Operations } from '@gantry/api'
import { bodies } from '@gantry/api/shapes'
import type { NetworkService } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { networkFor, networkListItemFor } from '../compat/networks.ts'
import { parseFilters } from '../http/filters.ts'
import { empty, json } from '../http/reply.ts'
import { type ApiRequest, del, get, post, type Route } from '../http/route.ts'

/** Networks, and which containers are on them. */
export function networkRoutes(networks: NetworkService): Route[] {
  const list = async ({ query, version }: ApiRequest) => {
    const found = await networks.list(parseFilters(query.text('filters')))
    return json(
      200,
      found.map((network) => networkListItemFor(version, network)),
    )
  }
  return [
    get('/networks', list),
    get('/networks/', list),
    get('/networks/:id', async ({ params, query, version }) => {
      const options = { verbose: query.flag('verbose'), scope: query.optional('scope') }
      return json(200, networkFor(version, await networks.inspect(params.id ?? '', options)))
    }),
    post('/networks/create', async (request) => {
      const { id, warning } = await networks.create(
        await required<Operations['NetworkCreate']['body']>(request, bodies.NetworkCreate),
      )
      return json(201, { Id: id, Warning: warning })
    }),
    post('/networks/prune', async ({ query }) => {
      const deleted = await networks.prune(parseFilters(query.text('filters')))
      return json(200, { NetworksDeleted: deleted.length > 0 ? deleted : null })
    }),
    post('/networks/:id/connect', async (request) => {
      const body = await required<NetworkConnectRequest>(request, bodies.NetworkConnect)
      await networks.connect(request.params.id ?? '', body.Container ?? '', body.EndpointConfig ?? {})
      return empty(200)
    }),
    post('/networks/:id/disconnect', async (request) => {
      const body = await required<NetworkDisconnectRequest>(request, bodies.NetworkDisconnect)
      await networks.disconnect(request.params.id ?? '', body.Container ?? '', body.Force === true)
      return empty(200)
    }),
    del('/networks/:id', async ({ params }) => {
      await networks.remove(params.id ?? '')
      return empty(204)
    }),
  ]
}

async function required<T>(request: ApiRequest, shape: Parameters<ApiRequest['json']>[0]): Promise<T> {
  const body = await request.json<T>(shape)
  if (body) return body
  throw new GantryError('InvalidParameter', 'invalid JSON: got EOF while reading request body')
}
