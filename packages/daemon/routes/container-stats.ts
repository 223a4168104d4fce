import type { Containers } from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import { json, jsonLines, stream } from '../http/reply.ts'
import { get, type Route } from '../http/route.ts'

/** How containers use the host: one sample, or one a second. */
export function containerStatsRoutes(containers: Containers): Route[] {
  return [
    get('/containers/:id/stats', async ({ params, query, version, signal }) => {
      const reference = params.id ?? ''
      const live = query.flag('stream', true)
      const oneShot = version >= 41 && query.flag('one-shot')
      if (live && oneShot)
        throw new GantryError('InvalidParameter', 'cannot have stream=true and one-shot=true')
      if (!live) return json(200, await containers.statsOnce(reference, { oneShot }))
      return stream('application/json', jsonLines(containers.stats(reference, signal), '\n'))
    }),
  ]
}
