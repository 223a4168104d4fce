/**
 * What the engine offers to the daemon's routes (and to anything else that embeds it). Shapes of containers, images,
 * networks and volumes are the API's own definitions, imported as types only: see docs/decisions/0002.
 * A `reference` to a container is its full id, its name, or an unambiguous prefix of its id.
 */

import type { BuildCaches, Builds } from './contracts/builds.ts'
import type { Checkpoints } from './contracts/checkpoints.ts'
import type { Containers } from './contracts/containers.ts'
import type { Execs } from './contracts/execs.ts'
import type { ContainerFiles } from './contracts/files.ts'
import type { Images, RegistryService } from './contracts/images.ts'
import type { Collector, Events, NetworkService, SystemService, VolumeService } from './contracts/services.ts'

export type * from './contracts/builds.ts'
export type * from './contracts/checkpoints.ts'
export type * from './contracts/containers.ts'
export type * from './contracts/execs.ts'
export type * from './contracts/files.ts'
export type * from './contracts/filters.ts'
export type * from './contracts/images.ts'
export type * from './contracts/services.ts'

/** The whole engine, as the composition root hands it to the routes. */
export interface Engine {
  containers: Containers
  files: ContainerFiles
  checkpoints: Checkpoints
  execs: Execs
  images: Images
  builds: Builds
  buildCaches: BuildCaches
  collector: Collector
  networks: NetworkService
  volumes: VolumeService
  events: Events
  system: SystemService
  registry: RegistryService
}
