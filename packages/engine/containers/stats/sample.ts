/** A sample of a container's use of resources, in the words of the API. */
import type {
  ContainerBlkioStatEntry,
  ContainerBlkioStats,
  ContainerCPUStats,
  ContainerMemoryStats,
  ContainerPidsStats,
  ContainerStatsResponse,
} from '@gantry/api'
import type { CgroupUsage } from '@gantry/runtime'
import type { Container } from '../container.ts'
import { never } from '../state.ts'
import type { ProcessorUsage } from './host-usage.ts'

/** One look at a running container. */
export interface Sample {
  /** RFC 3339. */
  read: string
  /** Of the run that was looked at: counters begin anew with each. */
  startedAt: string | null
  cpu: NonNullable<ContainerCPUStats>
  memory: NonNullable<ContainerMemoryStats>
  pids: NonNullable<ContainerPidsStats>
  blkio: NonNullable<ContainerBlkioStats>
  /** By interface; empty where the container has no network of its own. */
  networks: Record<string, unknown>
}

/** What a sample is made of. */
export interface Readings {
  usage: CgroupUsage
  processors: ProcessorUsage
  /** Bytes: what a container without a limit may use. */
  hostMemory: number
  networks: Record<string, unknown>
  read: Date
  startedAt: string | null
}

/** Puts what was read into the API's words. Pure: rates are for whoever has two samples. */
export function sampleOf(readings: Readings): Sample {
  const { usage, processors, hostMemory, networks, read, startedAt } = readings
  return {
    read: read.toISOString(),
    startedAt,
    cpu: cpuStats(usage, processors),
    memory: memoryStats(usage, hostMemory),
    pids: pidsStats(usage),
    blkio: blkioStats(usage),
    networks,
  }
}

function cpuStats({ cpu }: CgroupUsage, processors: ProcessorUsage): Sample['cpu'] {
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      ...(cpu?.perCpu && { percpu_usage: cpu.perCpu }),
      usage_in_kernelmode: cpu?.kernel ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    system_cpu_usage: processors.total,
    online_cpus: processors.online,
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  }
}

function memoryStats({ memory }: CgroupUsage, hostMemory: number): Sample['memory'] {
  if (!memory) return {}
  return {
    usage: memory.usage,
    ...(memory.maxUsage && { max_usage: memory.maxUsage }),
    stats: memory.stats,
    ...(memory.failures > 0 && { failcnt: memory.failures }),
    limit: Math.min(memory.limit ?? hostMemory, hostMemory),
  }
}

/** No limit at all is not shown, as the API has it. */
function pidsStats({ pids }: CgroupUsage): Sample['pids'] {
  return pids ? { current: pids.current, ...(pids.limit !== null && { limit: pids.limit }) } : {}
}

function blkioStats({ version, blockIo }: CgroupUsage): Sample['blkio'] {
  const entries = (list: typeof blockIo.serviceBytes): ContainerBlkioStatEntry[] => [...list]
  const onlyV1 = (list: typeof blockIo.serviceBytes) => (version === 1 ? entries(list) : null)
  return {
    io_service_bytes_recursive: entries(blockIo.serviceBytes),
    io_serviced_recursive: onlyV1(blockIo.serviced),
    io_queue_recursive: onlyV1(blockIo.queued),
    io_service_time_recursive: onlyV1(blockIo.serviceTime),
    io_wait_time_recursive: onlyV1(blockIo.waitTime),
    io_merged_recursive: onlyV1(blockIo.merged),
    io_time_recursive: onlyV1(blockIo.time),
    sectors_recursive: onlyV1(blockIo.sectors),
  }
}

const noCpu: NonNullable<ContainerCPUStats> = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
}

/** The answer for a sample; for a container that does not run, one that says nothing. `previous` is what it is compared with. */
export function statsResponse(
  { record }: Container,
  sample: Sample | null,
  previous: Sample | null,
): ContainerStatsResponse {
  return {
    id: record.id,
    name: `/${record.name}`,
    os_type: record.image?.os ?? 'linux',
    read: sample?.read ?? never,
    cpu_stats: sample?.cpu ?? noCpu,
    memory_stats: sample?.memory ?? {},
    ...(sample && Object.keys(sample.networks).length > 0 && { networks: sample.networks }),
    pids_stats: sample?.pids ?? {},
    blkio_stats: sample?.blkio ?? noBlkio,
    num_procs: 0,
    storage_stats: {},
    preread: previous?.read ?? never,
    precpu_stats: previous?.cpu ?? noCpu,
  }
}

/** Docker writes an empty list as null here, which the schema does not allow for, and clients count on. */
const noBlkio = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
} as unknown as ContainerBlkioStats
