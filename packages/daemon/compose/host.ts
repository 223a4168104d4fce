import { join } from 'node:path'
import {
  type AppArmor,
  type ContainerContexts,
  gatherSpecFacts,
  type KernelLimits,
  kernelLimits,
  type SpecHostFacts,
  type StorageLimits,
} from '@gantry/engine'
import { type CgroupLayout, cgroupLayout } from '@gantry/syscall'
import type { DaemonConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import { confinementDefaults, containerStorage } from './containers.ts'
import { prepareDirectories } from './directories.ts'
import { instanceName } from './instance.ts'
import { findPrograms, type Programs } from './programs.ts'
import { dataRootOf, type Remap, remapOf } from './remap.ts'
import { openAppArmor, openSelinux } from './security-modules.ts'

/** This machine as the daemon finds it, and the daemon's places on it. */
export interface Host {
  /** Null when user ids are not remapped. */
  remap: Remap | null
  /** The one in use: see `dataRootOf`. */
  dataRoot: string
  /** See `instanceName`. */
  instance: string
  /** Where containers write, and how much. */
  storage: StorageLimits
  cgroups: CgroupLayout
  cgroupParent: string
  programs: Programs
  limits: KernelLimits
  /** Null where it is off. */
  apparmor: AppArmor | null
  facts: SpecHostFacts
  /** Null where containers are not labelled. */
  selinux: ContainerContexts | null
}

/** Makes the daemon's directories and finds out what containers can have here. Rejects with GantryError for what is missing. */
export async function openHost(config: DaemonConfig, log: Logger): Promise<Host> {
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
  const facts = await gatherSpecFacts({
    cgroups,
    apparmorProfiles: (await apparmor?.profiles()) ?? null,
    swapLimit: limits.swap,
    ulimits: config.resources.ulimits,
    cgroupParent,
    initProgram: programs.init?.path ?? null,
    ...confinementDefaults(config.isolation),
  })
  const selinux = await openSelinux(config, facts, log)
  return {
    remap,
    dataRoot,
    instance,
    storage,
    cgroups,
    cgroupParent,
    programs,
    limits,
    apparmor,
    facts,
    selinux,
  }
}
