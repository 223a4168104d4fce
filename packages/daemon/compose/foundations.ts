import { join } from 'node:path'
import { ArchiveWorkers } from '@gantry/archive'
import { createEvents, faultsFromEnvironment, LogKeeper, networkEvents, volumeEvents } from '@gantry/engine'
import { createNetworks } from '@gantry/network'
import { createRegistries } from '@gantry/oci'
import { createRuntime } from '@gantry/runtime'
import { IntakePool, openContentStore, openDatabase, openLayerStore } from '@gantry/store'
import { createVolumes } from '@gantry/volumes'
import type { ComposeOptions } from './compose.ts'
import type { Host } from './host.ts'
import { networkOptions } from './networks.ts'
import { registryConfig } from './registries.ts'
import { tracedSteps } from './steps.ts'

export type Foundations = Awaited<ReturnType<typeof openFoundations>>

/** What the engine stands on: its database, stores, networks, runtime and registries. `undo` closes them again. */
export async function openFoundations(
  { config, log, environment }: ComposeOptions,
  { dataRoot, remap, instance, programs, cgroups, cgroupParent }: Host,
  undo: AsyncDisposableStack,
) {
  const { execRoot } = config
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
  const logs = undo.use(
    new LogKeeper({
      table: database.table('logs'),
      directory: join(dataRoot, 'containers'),
      orphans: join(dataRoot, 'logs'),
      faults: steps.faults,
      log: (level, message) => log[level](message),
    }),
  )
  const archive = undo.adopt(new ArchiveWorkers(), (workers) => workers.close())
  return { database, content, layers, events, volumes, networks, steps, runtime, registries, logs, archive }
}
