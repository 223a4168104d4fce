import type { HostConfig, Resources } from '@gantry/api'
import type { Flags } from '../framework/command.ts'
import { parseCpus } from '../options/cpus.ts'
import {
  isCdiDevice,
  parseBpsDevice,
  parseDevice,
  parseIopsDevice,
  parseWeightDevice,
} from '../options/device.ts'
import { parseGpus } from '../options/gpus.ts'
import { parseUlimit } from '../options/ulimit.ts'

/** The last one given counts for each name. */
function ulimits(texts: readonly string[]) {
  const byName = new Map(texts.map(parseUlimit).map((limit) => [limit.Name, limit]))
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1))
}

/** The limits and devices of `run` and `create`, as the API's HostConfig has them. */
export function parseResources(flags: Flags): Partial<Resources & HostConfig> {
  const devices = flags.list('device')
  const cdi = devices.filter(isCdiDevice)
  const requests = [
    ...flags.list('gpus').map(parseGpus),
    ...(cdi.length > 0 ? [{ Driver: 'cdi', DeviceIDs: cdi }] : []),
  ]
  const cpus = flags.string('cpus')
  return {
    CgroupParent: flags.string('cgroup-parent'),
    Memory: flags.bytes('memory'),
    MemoryReservation: flags.bytes('memory-reservation'),
    MemorySwap: flags.bytes('memory-swap'),
    MemorySwappiness: flags.number('memory-swappiness'),
    OomKillDisable: flags.bool('oom-kill-disable'),
    NanoCpus: cpus === '' ? 0 : parseCpus(cpus),
    CpuShares: flags.number('cpu-shares'),
    CpuPeriod: flags.number('cpu-period'),
    CpuQuota: flags.number('cpu-quota'),
    CpuRealtimePeriod: flags.number('cpu-rt-period'),
    CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    PidsLimit: flags.number('pids-limit'),
    BlkioWeight: flags.number('blkio-weight'),
    BlkioWeightDevice: flags.list('blkio-weight-device').map(parseWeightDevice),
    BlkioDeviceReadBps: flags.list('device-read-bps').map(parseBpsDevice),
    BlkioDeviceWriteBps: flags.list('device-write-bps').map(parseBpsDevice),
    BlkioDeviceReadIOps: flags.list('device-read-iops').map(parseIopsDevice),
    BlkioDeviceWriteIOps: flags.list('device-write-iops').map(parseIopsDevice),
    Devices: devices.filter((device) => !isCdiDevice(device)).map(parseDevice),
    ...(flags.changed('device-cgroup-rule') && { DeviceCgroupRules: flags.list('device-cgroup-rule') }),
    ...(requests.length > 0 && { DeviceRequests: requests }),
    Ulimits: ulimits(flags.list('ulimit')),
  }
}
