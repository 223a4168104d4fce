/** Builds the engine from its parts, in the order in which they need one another. */
import { hostname } from 'node:os'
import {
  containerNetworking,
  createContainers,
  createExecs,
  createNetworkService,
  createRegistryService,
  createSystemService,
  createVolumeService,
  type Engine,
  engineId,
  GarbageCollector,
  gatherHostFacts,
} from '@gantry/engine'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import { openBuilds } from './builds.ts'
import { containerParts } from './container-parts.ts'
import { type Foundations, openFoundations } from './foundations.ts'
import { openHost } from './host.ts'
import { openImages } from './images.ts'
import { registryConfig } from './registries.ts'
import { systemSettings } from './settings.ts'

export interface Composition extends AsyncDisposable {
  engine: Engine
  /** Announces that the configuration has been read again. */
  reloaded(attributes: Record<string, string>): void
}

export interface ComposeOptions {
  config: DaemonConfig
  log: Logger
  environment: NodeJS.ProcessEnv
}

/** Resolves once everything of an earlier daemon has been taken over. Rejects leaving nothing open. */
export async function compose({ config, log, environment }: ComposeOptions): Promise<Composition> {
  await using undo = new AsyncDisposableStack()
  const host = await openHost(config, log)
  const { dataRoot, programs, facts: hostFacts } = host
  const foundations = await openFoundations({ config, log, environment }, host, undo)
  const { database, events, volumes, registries } = foundations
  const images = await openImages(config, foundations, {
    usersOfImage: (id) => services.containers.usersOfImage(id),
    afterPull: () => collector.soon(),
  })
  undo.defer(() => images.close())
  const parts = await containerParts({ config, log }, host, foundations, images)
  const services = createContainers(parts)
  undo.defer(() => services.close())
  const { builds, caches } = undo.use(await openBuilds(config, host, foundations, parts, services))
  const collector = undo.use(
    new GarbageCollector({
      policy: () => config.live.imageGc,
      images,
      caches,
      log: (level, message) => log[level](message),
    }),
  )
  const id = engineId(database.table('engine'))
  const settings = systemSettings({ config, dataRoot, engineId: id, programs, host: hostFacts, environment })
  const engine: Engine = {
    collector,
    containers: services.containers,
    files: services.files,
    checkpoints: services.checkpoints,
    execs: createExecs({ ...parts, execTable: database.table('execs') }, services.registry),
    images,
    builds,
    buildCaches: caches,
    ...resourceServices(foundations, services),
    events,
    system: createSystemService({
      settings,
      facts: () => gatherHostFacts(dataRoot),
      programs: programs.versions,
      containers: services.containers,
      images,
      volumes,
      caches,
      eventListeners: () => events.listeners,
    }),
  }
  await services.restore()
  await images.sweep()
  const opened = undo.move()
  return {
    engine,
    reloaded: (attributes) => {
      registries.configure(registryConfig(config, environment))
      events.publish('daemon', 'reload', id, { name: hostname(), ...attributes })
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** What containers are given, as users see it. */
function resourceServices(
  { networks, volumes, registries, events, steps }: Foundations,
  { registry, networkFiles }: ReturnType<typeof createContainers>,
): Pick<Engine, 'networks' | 'volumes' | 'registry'> {
  return {
    networks: createNetworkService({
      networks,
      containers: containerNetworking(registry, networkFiles),
      events,
      faults: steps.faults,
    }),
    volumes: createVolumeService({ volumes, events }),
    registry: createRegistryService({ registries }),
  }
}
