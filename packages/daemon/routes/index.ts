import type { Engine } from '@gantry/engine'
import type { Route } from '../http/route.ts'
import { absentRoutes } from './absent.ts'
import { buildRoutes } from './builds.ts'
import { checkpointRoutes } from './checkpoints.ts'
import { containerFileRoutes } from './container-files.ts'
import { containerStatsRoutes } from './container-stats.ts'
import { containerStreamRoutes } from './container-streams.ts'
import { containerRoutes } from './containers.ts'
import { execRoutes } from './execs.ts'
import { imageRoutes } from './images.ts'
import { networkRoutes } from './networks.ts'
import { registryRoutes } from './registries.ts'
import { collectorRoutes, systemRoutes } from './system.ts'
import { volumeRoutes } from './volumes.ts'

/** Every endpoint of the API. */
export function engineRoutes(engine: Engine, { experimental }: { experimental: boolean }): Route[] {
  return [
    ...systemRoutes(engine.system, engine.events),
    ...collectorRoutes(engine.collector),
    ...containerRoutes(engine.containers, { experimental }),
    ...checkpointRoutes(engine.checkpoints, { experimental }),
    ...containerStreamRoutes(engine.containers),
    ...containerFileRoutes(engine.files),
    ...containerStatsRoutes(engine.containers),
    ...execRoutes(engine.execs),
    ...imageRoutes(engine.images),
    ...buildRoutes(engine.builds, engine.buildCaches),
    ...networkRoutes(engine.networks),
    ...registryRoutes(engine.registry),
    ...volumeRoutes(engine.volumes),
    ...absentRoutes(),
  ]
}
