/** Builds the engine from its parts, in the order in which they need one another. */

import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  containerNetworking,
  createBuilds,
  createContainers,
  createExecs,
  createImages,
  createImageView,
  createNetworkService,
  createRegistryService,
  createSpecBuilder,
  createSystemService,
  createVolumeService,
  type Engine,
  engineId,
  GarbageCollector,
  gatherHostFacts,
  systemClock,
} from '@gantry/engine'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import { productVersion } from '../version.ts'
import { containerDefaults, containerFacts } from './containers.ts'
import { containerDns } from './dns.ts'
import { openFoundations } from './foundations.ts'
import { openHost } from './host.ts'
import { sweepingImages } from './image-sweep.ts'
import { realtimeShare } from './realtime.ts'
import { registryConfig, transferLimits } from './registries.ts'
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
  const { execRoot } = config
  const host = await openHost(config, log)
  const { dataRoot, programs, facts: hostFacts, limits, remap } = host
  const foundations = await openFoundations({ config, log, environment }, host, undo)
  const { database, content, layers, events, volumes, networks, registries, steps } = foundations
  let afterPull = () => {}
  const images = await createImages({
    registries,
    limits: () => transferLimits(config),
    reached: steps.faults,
    content,
    layers,
    database,
    events: {
      publish: (...event: Parameters<typeof events.publish>) => {
        events.publish(...event)
        if (event[0] === 'image' && event[1] === 'pull') afterPull()
      },
    },
    usersOfImage: (id) => services.containers.usersOfImage(id),
  })
  const imageView = createImageView(join(execRoot, 'views'))
  const containerParts = {
    table: database.table<never>('containers'),
    images,
    networks,
    volumes,
    runtime: foundations.runtime,
    logs: foundations.logs,
    archive: foundations.archive,
    spec: createSpecBuilder({
      host: hostFacts,
      apparmor: host.apparmor,
      imageView,
      ...realtimeShare(config.resources, host.cgroups),
    }),
    events: sweepingImages(events, () => images.sweepRetired(), log),
    imageView,
    paths: {
      containers: join(dataRoot, 'containers'),
      init: join(dataRoot, 'init'),
      shm: join(execRoot, 'shm'),
      views: join(execRoot, 'views'),
      userNamespaces: join(execRoot, 'userns'),
    },
    remap: remap?.mapping ?? null,
    selinux: host.selinux,
    defaults: containerDefaults(config, programs, hostFacts),
    storage: host.storage,
    facts: containerFacts(programs, hostFacts, limits, remap !== null),
    dns: await containerDns(config.dns),
    hostGateway: config.hostGateway,
    clock: systemClock,
    log: (level: 'info' | 'warn' | 'error', message: string) => log[level](message),
    faults: steps.faults,
  }
  const services = createContainers(containerParts)
  undo.defer(() => services.close())
  const id = engineId(database.table('engine'))
  const settings = systemSettings({ config, dataRoot, engineId: id, programs, host: hostFacts, environment })
  const { builds, caches } = undo.use(
    await createBuilds({
      ...containerParts,
      containers: services.registry,
      images,
      parts: images.parts,
      table: database.table('build_cache'),
      compressedTable: database.table('compressed_layers'),
      version: productVersion,
      transaction: (work) => database.transaction(work),
      contextLimit: config.resources.buildContext,
      cacheRules: config.cacheRules(await sizeOfDisk(dataRoot)),
      directory: join(dataRoot, 'build'),
      runDirectory: join(execRoot, 'build'),
    }),
  )
  const collector = undo.use(
    new GarbageCollector({
      policy: () => config.live.imageGc,
      images,
      caches,
      log: (level, message) => log[level](message),
    }),
  )
  afterPull = () => collector.soon()
  const engine: Engine = {
    collector,
    containers: services.containers,
    files: services.files,
    checkpoints: services.checkpoints,
    execs: createExecs({ ...containerParts, execTable: database.table('execs') }, services.registry),
    images,
    builds,
    buildCaches: caches,
    networks: createNetworkService({
      networks,
      containers: containerNetworking(services.registry, services.networkFiles),
      events,
      faults: steps.faults,
    }),
    volumes: createVolumeService({ volumes, events }),
    events,
    registry: createRegistryService({ registries }),
    system: createSystemService({
      settings,
      facts: () => gatherHostFacts(dataRoot),
      programs: programs.versions,
      containers: services.containers,
      images,
      layers,
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

/** Bytes of the file system that a directory is on. */
async function sizeOfDisk(directory: string): Promise<number> {
  const { blocks, bsize } = await statfs(directory)
  return blocks * bsize
}
