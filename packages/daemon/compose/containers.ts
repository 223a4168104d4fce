import { availableParallelism, totalmem } from 'node:os'
import {
  type ContainerHostFacts,
  defaultMaskedPaths,
  defaultReadonlyPaths,
  type HostConfigDefaults,
  type KernelLimits,
  type SpecHostFacts,
} from '@gantry/engine'
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
    maskedPaths: defaultMaskedPaths(host),
    readonlyPaths: defaultReadonlyPaths,
    init: config.init,
    log: { driver: config.logDriver, options: config.logOptions },
  }
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
