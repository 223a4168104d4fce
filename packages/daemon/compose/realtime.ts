import { GantryError } from '@gantry/errors'
import { allowRealtime, type CgroupLayout } from '@gantry/syscall'
import type { ResourcesConfig } from '../config/resources.ts'

/**
 * Passes the configured share of real-time scheduling on to the groups that containers are made in. Nothing without such
 * a configuration. Throws InvalidParameter where the kernel has no such thing, as with cgroup v2.
 */
export function realtimeShare(
  { cpuRealtimePeriod: period, cpuRealtimeRuntime: runtime }: ResourcesConfig,
  cgroups: CgroupLayout,
): { prepareCgroup?: (parent: string) => Promise<void> } {
  if (!period && !runtime) return {}
  if (cgroups.mode === 'v2') {
    throw new GantryError('InvalidParameter', 'real-time scheduling of groups is not there in cgroup v2')
  }
  return {
    prepareCgroup: (parent) =>
      allowRealtime(cgroups, parent, { ...(period && { period }), ...(runtime && { runtime }) }),
  }
}
