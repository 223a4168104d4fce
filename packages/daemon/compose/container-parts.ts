import { join } from 'node:path'
import { createImageView, createSpecBuilder, type ImageService, systemClock } from '@gantry/engine'
import type { ComposeOptions } from './compose.ts'
import { containerDefaults, containerFacts } from './containers.ts'
import { containerDns } from './dns.ts'
import type { Foundations } from './foundations.ts'
import type { Host } from './host.ts'
import { sweepingImages } from './image-sweep.ts'
import { realtimeShare } from './realtime.ts'

export type ContainerParts = Awaited<ReturnType<typeof containerParts>>

/** What everything that runs processes is made from: containers, execs and the steps of builds. */
export async function containerParts(
  { config, log }: Pick<ComposeOptions, 'config' | 'log'>,
  { dataRoot, programs, facts: hostFacts, limits, remap, apparmor, cgroups, selinux, storage }: Host,
  { database, networks, volumes, runtime, logs, archive, events, steps }: Foundations,
  images: ImageService,
) {
  const { execRoot } = config
  const imageView = createImageView(join(execRoot, 'views'))
  return {
    table: database.table<never>('containers'),
    images,
    networks,
    volumes,
    runtime,
    logs,
    archive,
    spec: createSpecBuilder({
      host: hostFacts,
      apparmor,
      imageView,
      ...realtimeShare(config.resources, cgroups),
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
}
