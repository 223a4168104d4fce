/** Builds the engine from its parts, in the order in which they need one another. */

import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ArchiveWorkers } from '@gantry/archive'
import {
  containerNetworking,
  createBuilds,
  createContainers,
  createEvents,
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
  faultsFromEnvironment,
  GarbageCollector,
  gatherHostFacts,
  gatherSpecFacts,
  kernelLimits,
  LogKeeper,
  networkEvents,
  systemClock,
  volumeEvents,
} from '@gantry/engine'
import { createNetworks } from '@gantry/network'
import { createRegistries } from '@gantry/oci'
import { createRuntime } from '@gantry/runtime'
import { IntakePool, openContentStore, openDatabase, openLayerStore } from '@gantry/store'
import { cgroupLayout } from '@gantry/syscall'
import { createVolumes } from '@gantry/volumes'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import { productVersion } from '../version.ts'
import { confinementDefaults, containerDefaults, containerFacts, containerStorage } from './containers.ts'
import { prepareDirectories } from './directories.ts'
import { containerDns } from './dns.ts'
import { sweepingImages } from './image-sweep.ts'
import { instanceName } from './instance.ts'
import { networkOptions } from './networks.ts'
import { findPrograms } from './programs.ts'
import { realtimeShare } from './realtime.ts'
import { registryConfig, transferLimits } from './registries.ts'
import { dataRootOf, remapOf } from './remap.ts'
import { openAppArmor, openSelinux } from './security-modules.ts'
import { systemSettings } from './settings.ts'
import { tracedSteps } from './steps.ts'

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
  const remap = await remapOf(config)
  const dataRoot = dataRootOf(config, remap)
  await prepareDirectories(config, remap)
  const storage = containerStorage(config, dataRoot)
  const instance = instanceName(config.dataRoot)
  const cgroups = cgroupLayout()
  const cgroupParent = join('/', config.cgroupParent ?? '', instance)
  const programs = await findPrograms({ config, cgroups, cgroupParent, log })
  const limits = kernelLimits(cgroups)
  const apparmor = await openAppArmor(config, log)
  const hostFacts = await gatherSpecFacts({
    cgroups,
    apparmorProfiles: (await apparmor?.profiles()) ?? null,
    swapLimit: limits.swap,
    ulimits: config.resources.ulimits,
    cgroupParent,
    initProgram: programs.init?.path ?? null,
    ...confinementDefaults(config.isolation),
  })
  const selinux = await openSelinux(config, hostFacts, log)

  const database = undo.adopt(openDatabase(join(dataRoot, 'gantry.db')), (opened) => opened.close())
  const threads = new IntakePool()
  const content = await openContentStore(join(dataRoot, 'content'), threads)
  const layers = await openLayerStore(join(dataRoot, 'layers'), threads)
  const events = createEvents({ table: database.table('events') })
  const volumes = await createVolumes({
    dataRoot,
    table: database.table('volumes'),
    ...(remap && { owner: remap.root }),
    onEvent: volumeEvents(events),
  })
  const networks = undo.adopt(
    createNetworks(networkOptions({ config, instance, database, onEvent: networkEvents(events), log })),
    (opened) => opened.close(),
  )
  const steps = tracedSteps(log, faultsFromEnvironment(environment))
  const runtime = undo.use(
    await createRuntime({
      execRoot,
      conmon: programs.conmon.path,
      programs: programs.runtimes,
      cgroups,
      cgroupParent,
      ...(remap && { passableTo: remap.root.gid }),
      reached: steps.reached,
    }),
  )
  const registries = undo.adopt(
    createRegistries(registryConfig(config, environment), { log: (message) => log.warn(message) }),
    (opened) => opened.close(),
  )
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
  const logs = undo.use(
    new LogKeeper({
      table: database.table('logs'),
      directory: join(dataRoot, 'containers'),
      orphans: join(dataRoot, 'logs'),
      faults: steps.faults,
      log: (level, message) => log[level](message),
    }),
  )
  const imageView = createImageView(join(execRoot, 'views'))
  const containerParts = {
    table: database.table<never>('containers'),
    images,
    networks,
    volumes,
    runtime,
    logs,
    spec: createSpecBuilder({
      host: hostFacts,
      apparmor,
      imageView,
      ...realtimeShare(config.resources, cgroups),
    }),
    events: sweepingImages(events, () => images.sweepRetired(), log),
    imageView,
    archive: undo.adopt(new ArchiveWorkers(), (workers) => workers.close()),
    paths: {
      containers: join(dataRoot, 'containers'),
      init: join(dataRoot, 'init'),
      shm: join(execRoot, 'shm'),
      views: join(execRoot, 'views'),
      userNamespaces: join(execRoot, 'userns'),
    },
    remap: remap?.mapping ?? null,
    selinux,
    defaults: containerDefaults(config, programs, hostFacts),
    storage,
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
