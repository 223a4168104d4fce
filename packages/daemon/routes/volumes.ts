import type { VolumeCreateRequest } from '@gantry/api'
import { bodies } from '@gantry/api/shapes'
import type { Filters, VolumeService } from '@gantry/engine'
import { parseFilters } from '../http/filters.ts'
import { empty, json } from '../http/reply.ts'
import { del, get, post, type Route } from '../http/route.ts'

/** Named and anonymous volumes. */
export function volumeRoutes(volumes: VolumeService): Route[] {
  return [
    get('/volumes', async ({ query }) => {
      const found = await volumes.list(parseFilters(query.text('filters')))
      return json(200, {
        Volumes: found.volumes,
        Warnings: found.warnings.length > 0 ? found.warnings : null,
      })
    }),
    post('/volumes/create', async (request) => {
      const body = (await request.json<VolumeCreateRequest>(bodies.VolumeCreate)) ?? {}
      return json(201, await volumes.create(body))
    }),
    post('/volumes/prune', async ({ query, version }) => {
      const filters = pruneFilters(version, parseFilters(query.text('filters')))
      const { deleted, spaceReclaimed } = await volumes.prune(filters)
      return json(200, {
        VolumesDeleted: deleted.length > 0 ? deleted : null,
        SpaceReclaimed: spaceReclaimed,
      })
    }),
    get('/volumes/:name', async ({ params }) => json(200, await volumes.inspect(params.name ?? ''))),
    del('/volumes/:name', async ({ params, query }) => {
      await volumes.remove(params.name ?? '', query.flag('force'))
      return empty(204)
    }),
  ]
}

/** Before 1.42 a prune took named volumes too. */
function pruneFilters(version: number, filters: Filters): Filters {
  return version < 42 ? { ...filters, all: ['true'] } : filters
}
