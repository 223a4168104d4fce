import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { KernelLimits } from '../limits/kernel-limits.ts'

const invalid = (message: string) => new GantryError('InvalidParameter', message)
const leastMemory = 6 * 2 ** 20

/** What limits are judged by. */
export interface ResourceFacts {
  processors: number
  limits: KernelLimits
}

/** The request with what the host cannot do taken out, and what the user is told of that. */
export interface JudgedResources {
  hostConfig: HostConfig
  warnings: string[]
}

/**
 * Limits that the kernel could not keep or that contradict each other throw InvalidParameter; what this kernel does not
 * have is discarded with a warning. With `update`, what is not said stays as it is.
 */
export function validateResources(
  request: HostConfig,
  facts: ResourceFacts,
  { update = false } = {},
): JudgedResources {
  const judged = { hostConfig: { ...request }, warnings: [] }
  for (const judge of [memory, processes, processors, processorSets, blockIo]) judge(judged, facts, update)
  const { OomScoreAdj: adjustment, ShmSize: shmSize } = request
  if (adjustment && (adjustment < -1000 || adjustment > 1000)) {
    throw invalid(`Invalid value ${adjustment}, range for oom score adj is [-1000, 1000]`)
  }
  if ((shmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0')
  return judged
}

function memory({ hostConfig: it, warnings }: JudgedResources, facts: ResourceFacts, update: boolean): void {
  const { limits } = facts
  const swap = it.MemorySwap ?? 0
  if (it.Memory && it.Memory < leastMemory) throw invalid('Minimum memory limit allowed is 6MB')
  if (it.Memory && !limits.memory) {
    warnings.push(unsupported('memory limit capabilities', 'Limitation discarded.'))
    it.Memory = 0
    it.MemorySwap = -1
  }
  if (it.Memory && swap !== -1 && !limits.swap) {
    warnings.push(unsupported('swap limit capabilities', 'Memory limited without swap.'))
    it.MemorySwap = -1
  }
  if (it.Memory && (it.MemorySwap ?? 0) > 0 && swap < it.Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (!it.Memory && (it.MemorySwap ?? 0) > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  swappiness({ hostConfig: it, warnings }, facts)
  reservation({ hostConfig: it, warnings }, facts)
  outOfMemory({ hostConfig: it, warnings }, facts)
}

/** -1 is what command lines send for "not said". */
function swappiness({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  const wish = it.MemorySwappiness ?? -1
  if (wish === -1) return
  if (!limits.memorySwappiness) {
    warnings.push(unsupported('memory swappiness capabilities', 'Memory swappiness discarded.'))
    delete it.MemorySwappiness
  } else if (wish < 0 || wish > 100) {
    throw invalid(`Invalid value: ${wish}, valid memory swappiness range is 0-100`)
  }
}

function reservation({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  const wish = it.MemoryReservation ?? 0
  if (wish <= 0) return
  if (!limits.memoryReservation) {
    warnings.push(unsupported('memory soft limit capabilities', 'Limitation discarded.'))
    it.MemoryReservation = 0
    return
  }
  if (wish < leastMemory) throw invalid('Minimum memory reservation allowed is 6MB')
  if (it.Memory && it.Memory < wish) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
}

function outOfMemory({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  if (!it.OomKillDisable) return
  if (!limits.oomKillDisable) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.')
    it.OomKillDisable = false
  } else if (!it.Memory) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    )
  }
}

function processes({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  if ((it.PidsLimit ?? 0) <= 0 || limits.pids) return
  warnings.push(unsupported('PIDs limit capabilities', 'PIDs limit discarded.'))
  delete it.PidsLimit
}

function processors({ hostConfig: it, warnings }: JudgedResources, facts: ResourceFacts): void {
  const { limits, processors: there } = facts
  const nano = it.NanoCpus ?? 0
  const period = it.CpuPeriod ?? 0
  const quota = it.CpuQuota ?? 0
  if (nano > 0 && period > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  }
  if (nano > 0 && quota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  if (nano > 0 && !limits.cpuCfs) {
    throw invalid(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    )
  }
  if (nano < 0 || nano > there * 1e9) {
    throw invalid(`Range of CPUs is from 0.01 to ${there}.00, as there are only ${there} CPUs available`)
  }
  if ((it.CpuShares ?? 0) > 0 && !limits.cpuShares) {
    warnings.push('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.')
    it.CpuShares = 0
  }
  if ((period !== 0 || quota !== 0) && !limits.cpuCfs) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.')
    it.CpuPeriod = 0
    it.CpuQuota = 0
  } else checkQuota(period, quota)
  realtime(it, limits)
  if ((it.CpuPercent ?? 0) > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.')
    it.CpuPercent = 0
  }
}

function checkQuota(period: number, quota: number): void {
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)')
  }
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
}

function realtime(
  { CpuRealtimePeriod: period, CpuRealtimeRuntime: runtime }: HostConfig,
  limits: KernelLimits,
) {
  if ((period || runtime) && !limits.cpuRealtime) {
    throw invalid('Your kernel does not support CPU real-time scheduler')
  }
  if (period && runtime && runtime > period) {
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period')
  }
}

function processorSets({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  if ((it.CpusetCpus || it.CpusetMems) && !limits.cpuset) {
    warnings.push('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.')
    it.CpusetCpus = ''
    it.CpusetMems = ''
  }
  checkSet('cpus', 'CPUs', it.CpusetCpus ?? '', limits.cpus)
  checkSet('mems', 'memory nodes', it.CpusetMems ?? '', limits.mems)
}

/** A list such as `0-3,7` of processors or memory nodes that are there. */
function checkSet(kind: 'cpus' | 'mems', what: string, list: string, available: string): void {
  if (list === '') return
  const wanted = readList(list, (reason) => invalid(`Invalid value ${list} for cpuset ${kind}: ${reason}`))
  const there = readList(available, (reason) => new Error(`the kernel's own list of ${what}: ${reason}`))
  if ([...wanted].some((number) => !there.has(number))) {
    throw invalid(`Requested ${what} are not available - requested ${list}, available: ${available}`)
  }
}

/** More than any machine has; a list is not to be made longer than that. */
const highestNumber = 8192

/** cpuset(7), list format. */
function readList(list: string, problem: (reason: string) => Error): Set<number> {
  const numbers = new Set<number>()
  for (const part of list.split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part)
    const [from, to] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])]
    if (!range || from > to) throw problem(`invalid format: ${list}`)
    if (to > highestNumber) throw problem(`value of out range, maximum is ${highestNumber}`)
    for (let number = from; number <= to; number++) numbers.add(number)
  }
  return numbers
}

type DeviceLimits = 'BlkioWeightDevice' | `BlkioDevice${'Read' | 'Write'}${'Bps' | 'IOps'}`

function blockIo({ hostConfig: it, warnings }: JudgedResources, { limits }: ResourceFacts): void {
  const weight = it.BlkioWeight ?? 0
  if (weight > 0 && !limits.blkioWeight) {
    warnings.push(unsupported('Block I/O weight', 'Weight discarded.'))
    it.BlkioWeight = 0
  } else if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000')
  }
  if (it.IOMaximumBandwidth) {
    throw invalid('Invalid QoS settings: linux does not support configuration of maximum bandwidth')
  }
  if (it.IOMaximumIOps) {
    throw invalid('Invalid QoS settings: linux does not support configuration of maximum IOPs')
  }
  const lists: [DeviceLimits, boolean, string, string][] = [
    ['BlkioWeightDevice', limits.blkioWeightDevice, 'Block I/O weight_device', 'Weight-device discarded.'],
    [
      'BlkioDeviceReadBps',
      limits.blkioReadBps,
      'BPS Block I/O read limit',
      'Block I/O BPS read limit discarded.',
    ],
    [
      'BlkioDeviceWriteBps',
      limits.blkioWriteBps,
      'BPS Block I/O write limit',
      'Block I/O BPS write limit discarded.',
    ],
    [
      'BlkioDeviceReadIOps',
      limits.blkioReadIops,
      'IOPS Block read limit',
      'Block I/O IOPS read limit discarded.',
    ],
    [
      'BlkioDeviceWriteIOps',
      limits.blkioWriteIops,
      'IOPS Block write limit',
      'Block I/O IOPS write limit discarded.',
    ],
  ]
  for (const [field, supported, what, consequence] of lists) {
    if (supported || !it[field]?.length) continue
    warnings.push(unsupported(what, consequence))
    it[field] = []
  }
}

function unsupported(what: string, consequence: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`
}
