import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import {
  type ContainerHostFacts,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  type HostConfigDefaults,
  type KernelLimits,
  type SpecHostFacts,
  StorageLimits,
} from '@gantry/engine'
import { GantryError } from '@gantry/errors'
import type { DaemonConfig } from '../config/config.ts'
import type { IsolationConfig } from '../config/isolation.ts'
import type { Programs } from './programs.ts'

/** What containers get that say nothing themselves; the default runtime may change with a reload. */
export function containerDefaults(
  config: DaemonConfig,
  programs: Programs,
  host: SpecHostFacts,
): HostConfigDefaults {
  return {
    get runtime() {
      return programs.defaultRuntime()
    },
    cgroupnsMode: config.isolation.cgroupnsMode ?? (host.cgroupVersion === 2 ? 'private' : 'host'),
    cgroupVersion: host.cgroupVersion,
    ipcMode: config.isolation.ipcMode,
    shmSize: config.resources.shmSize,
    storageSize: config.resources.storageSize,
    maskedPaths: defaultMaskedPaths(host),
    readonlyPaths: defaultReadonlyPaths,
    init: config.init,
    log: { driver: config.logDriver, options: config.logOptions },
  }
}

/** Where containers write, and how much. Throws Unavailable when a limit is configured that cannot be kept. */
export function containerStorage(config: DaemonConfig, dataRoot: string): StorageLimits {
  const storage = new StorageLimits(join(dataRoot, 'containers'))
  if (config.resources.storageSize === 0 || storage.supported) return storage
  const reason = `${dataRoot} is not on xfs or ext4 with project quotas (mount option pquota or prjquota)`
  throw new GantryError(
    'Unavailable',
    `Storage option overlay2.size not supported. Filesystem does not support Project Quota: ${reason}`,
  )
}

/** What requests are judged by. */
export function containerFacts(
  programs: Programs,
  host: SpecHostFacts,
  limits: KernelLimits,
  remapped: boolean,
): ContainerHostFacts {
  return {
    processors: availableParallelism(),
    memory: totalmem(),
    limits,
    runtimes: programs.runtimes.map(({ name }) => name),
    capabilities: host.capabilities,
    remapped,
  }
}

/** What confines processes of containers that do not say themselves. */
export function confinementDefaults({
  seccompProfile,
  seccompText,
  noNewPrivileges,
}: IsolationConfig): Pick<SpecHostFacts, 'seccompProfile' | 'noNewPrivileges'> {
  if (seccompText !== undefined)
    return { noNewPrivileges, seccompProfile: { kind: 'custom', text: seccompText } }
  return {
    noNewPrivileges,
    seccompProfile: { kind: seccompProfile === 'unconfined' ? 'unconfined' : 'builtin' },
  }
}
