/** Memory, processors, processes and block I/O: linux.resources for both versions of cgroups. */
import type { HostConfig, ThrottleDevice } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { HostDevices, HostFacts } from './host.ts'

/** Microseconds: the period that `--cpus` is counted in. */
const cpuPeriod = 100_000
const nanoCpusPerCpu = 1e9

/** Everything but the device rules. What is not limited is left out. */
export function resources(
  config: HostConfig,
  host: Pick<HostFacts, 'cgroupVersion' | 'swapLimit'>,
  numbers: HostDevices['numbers'],
): Record<string, unknown> {
  return filled({
    memory: memory(config, host),
    cpu: cpu(config),
    pids: (config.PidsLimit ?? 0) > 0 ? { limit: config.PidsLimit } : {},
    blockIO: blockIo(config, numbers),
  })
}

function memory(
  config: HostConfig,
  { cgroupVersion, swapLimit }: Pick<HostFacts, 'cgroupVersion' | 'swapLimit'>,
) {
  const limit = config.Memory || undefined
  const swap = config.MemorySwap ? Math.max(config.MemorySwap, -1) : limit && limit * 2
  const v1 = cgroupVersion === 1
  return filled({
    limit,
    swap: swapLimit ? swap : undefined,
    reservation: config.MemoryReservation || undefined,
    // cgroup v2 has neither of these.
    swappiness: v1 && (config.MemorySwappiness ?? -1) >= 0 ? config.MemorySwappiness : undefined,
    disableOOMKiller: (v1 && config.OomKillDisable) || undefined,
  })
}

function cpu(config: HostConfig) {
  if ((config.CpuShares ?? 0) < 0) throw new GantryError('InvalidParameter', 'shares: invalid argument')
  const quota = config.NanoCpus ? Math.round((config.NanoCpus * cpuPeriod) / nanoCpusPerCpu) : config.CpuQuota
  return filled({
    shares: config.CpuShares || undefined,
    period: (config.NanoCpus ? cpuPeriod : config.CpuPeriod) || undefined,
    // A new group has no quota, and crun cannot write that there is none.
    quota: quota && quota > 0 ? quota : undefined,
    realtimePeriod: config.CpuRealtimePeriod || undefined,
    realtimeRuntime: config.CpuRealtimeRuntime || undefined,
    cpus: config.CpusetCpus || undefined,
    mems: config.CpusetMems || undefined,
  })
}

function blockIo(config: HostConfig, numbers: HostDevices['numbers']) {
  const throttle = (limits: readonly ThrottleDevice[] | undefined) =>
    limits?.length
      ? limits.map(({ Path = '', Rate = 0 }) => ({ ...numberOf(Path, numbers), rate: Rate }))
      : undefined
  const weights = config.BlkioWeightDevice?.map(({ Path = '', Weight = 0 }) => ({
    ...numberOf(Path, numbers),
    weight: Weight,
  }))
  return filled({
    weight: config.BlkioWeight || undefined,
    weightDevice: weights?.length ? weights : undefined,
    throttleReadBpsDevice: throttle(config.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(config.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(config.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(config.BlkioDeviceWriteIOps),
  })
}

function numberOf(path: string, numbers: HostDevices['numbers']): { major: number; minor: number } {
  const number = numbers.get(path)
  if (!number) throw new GantryError('InvalidParameter', `stat ${path}: no such file or directory`)
  return number
}

/**
 * What changes of a container that runs: a negative quota or number of processes lifts the limit. Swap is counted together
 * with memory, so one of them is told with the other.
 */
export function changedResources(
  changes: HostConfig,
  whole: HostConfig,
  host: Pick<HostFacts, 'cgroupVersion' | 'swapLimit'>,
): Record<string, unknown> {
  const both = changes.Memory || changes.MemorySwap
  const { Memory: limit, MemorySwap: swap } = whole
  const changed = resources({ ...changes, ...(both && { Memory: limit, MemorySwap: swap }) }, host, new Map())
  return filled({
    ...changed,
    cpu: filled({ ...(changed.cpu as object), ...((changes.CpuQuota ?? 0) < 0 && { quota: -1 }) }),
    pids: changes.PidsLimit === undefined ? {} : { limit: changes.PidsLimit || -1 },
  })
}

/** Without what is undefined or an empty object. */
function filled(object: Record<string, unknown>): Record<string, unknown> {
  const says = (value: unknown) =>
    value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  return Object.fromEntries(Object.entries(object).filter(([, value]) => says(value)))
}
