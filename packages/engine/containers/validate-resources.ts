import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'

const invalid = (message: string) => new GantryError('InvalidParameter', message)
const mebibyte = 2 ** 20

/**
 * Limits that the kernel could not keep or that contradict each other. Returns warnings; throws InvalidParameter.
 * `processors` is the host's number of CPUs.
 */
export function validateResources(host: HostConfig, processors: number): string[] {
  const warnings = validateMemory(host)
  validateProcessors(host, processors)
  if (host.BlkioWeight && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000')
  }
  const adjustment = host.OomScoreAdj ?? 0
  if (adjustment < -1000 || adjustment > 1000) {
    throw invalid(`Invalid value ${adjustment}, range for oom score adj is [-1000, 1000]`)
  }
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0')
  for (const request of host.DeviceRequests ?? []) {
    const capabilities = `[${(request.Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ')}]`
    throw invalid(
      `could not select device driver "${request.Driver ?? ''}" with capabilities: ${capabilities}`,
    )
  }
  return warnings
}

function validateMemory(host: HostConfig): string[] {
  const memory = host.Memory ?? 0
  const swap = host.MemorySwap ?? 0
  const reservation = host.MemoryReservation ?? 0
  const swappiness = host.MemorySwappiness
  if (memory !== 0 && memory < 6 * mebibyte) throw invalid('Minimum memory limit allowed is 6MB')
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (memory === 0 && swap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  if (swappiness !== undefined && swappiness !== null && (swappiness < -1 || swappiness > 100)) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`)
  }
  if (reservation !== 0 && reservation < 6 * mebibyte) {
    throw invalid('Minimum memory reservation allowed is 6MB')
  }
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
  return host.OomKillDisable && memory === 0
    ? [
        'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
      ]
    : []
}

function validateProcessors(host: HostConfig, processors: number): void {
  const nano = host.NanoCpus ?? 0
  if (nano !== 0 && host.CpuPeriod) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  }
  if (nano !== 0 && host.CpuQuota) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  }
  if (nano < 0 || nano > processors * 1e9) {
    throw invalid(
      `Range of CPUs is from 0.01 to ${processors}.00, as there are only ${processors} CPUs available`,
    )
  }
  const period = host.CpuPeriod ?? 0
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)')
  }
  const quota = host.CpuQuota ?? 0
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  validateCpuSet('cpus', host.CpusetCpus ?? '', processors)
  validateCpuSet('mems', host.CpusetMems ?? '', Number.POSITIVE_INFINITY)
}

const highestCpu = 8192

/** A list such as `0-3,7` of CPUs or memory nodes that are there. */
function validateCpuSet(kind: 'cpus' | 'mems', list: string, available: number): void {
  if (list === '') return
  for (const part of list.split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part)
    const [from, to] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])]
    if (!range || from > to) throw invalid(`Invalid value ${list} for cpuset ${kind}`)
    if (to > highestCpu) {
      throw invalid(`Invalid value ${list} for cpuset ${kind}: value of out range, maximum is ${highestCpu}`)
    }
    if (to >= available) {
      throw invalid(`Requested CPUs are not available - requested ${list}, available: 0-${available - 1}`)
    }
  }
}
