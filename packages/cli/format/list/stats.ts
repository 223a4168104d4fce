/** The table of what containers use. */
import type { ContainerStatsResponse } from '@gantry/api'
import { formatFloat } from '../go/float.ts'
import { binarySize, humanSize } from '../units.ts'
import type { ListColumns } from './list.ts'
import { shortId } from './texts.ts'

export interface StatsRow {
  /** As the user or the list named it. */
  readonly container: string
  /** The latest sample; null before the first, and when none has come for a while. */
  readonly sample: ContainerStatsResponse | null
  /** Of an earlier sample, when there is none now. */
  readonly name: string
  readonly id: string
  readonly truncate: boolean
}

const defaultTable =
  'table {{.ID}}\\t{{.Name}}\\t{{.CPUPerc}}\\t{{.MemUsage}}\\t{{.MemPerc}}\\t{{.NetIO}}\\t{{.BlockIO}}\\t{{.PIDs}}'

/** The template of a format's short name; others are templates already. */
export const statsFormat = (format: string): string =>
  format === 'table' || format === '' ? defaultTable : format

const unknown = '--'
type Sample = ContainerStatsResponse

/** A column that has nothing to say without a sample. */
const of =
  (text: (sample: Sample) => string, without = unknown) =>
  ({ sample }: StatsRow) =>
    sample ? text(sample) : without

export const statsColumns: ListColumns<StatsRow> = {
  name: 'container.statsContext',
  fields: {
    Container: ({ container }) => container,
    Name: ({ name }) => (name.length > 1 ? name.slice(1) : unknown),
    ID: ({ id, truncate }) => (truncate ? shortId(id) : id),
    CPUPerc: of((sample) => percentage(cpuPercentage(sample))),
    MemUsage: of(
      (sample) => `${binarySize(memoryUsed(sample))} / ${binarySize(sample.memory_stats?.limit ?? 0)}`,
      '-- / --',
    ),
    MemPerc: of((sample) => percentage(memoryPercentage(sample))),
    NetIO: of((sample) => pair(networkBytes(sample))),
    BlockIO: of((sample) => pair(blockBytes(sample))),
    PIDs: of((sample) => String(sample.pids_stats?.current ?? 0)),
  },
  headers: {
    Container: 'CONTAINER',
    Name: 'NAME',
    ID: 'CONTAINER ID',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
}

const percentage = (value: number) => `${formatFloat(value, 'f', 2)}%`
const pair = ([first, second]: [number, number]) => `${humanSize(first, 3)} / ${humanSize(second, 3)}`

/** Of one processor: two busy ones are 200. */
function cpuPercentage({ cpu_stats: now, precpu_stats: before }: Sample): number {
  const used = (now?.cpu_usage?.total_usage ?? 0) - (before?.cpu_usage?.total_usage ?? 0)
  const system = (now?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0)
  const online = now?.online_cpus || (now?.cpu_usage?.percpu_usage?.length ?? 0)
  return system > 0 && used > 0 ? (used / system) * online * 100 : 0
}

/** Without the files that the kernel would drop first: `total_inactive_file` in cgroup v1, `inactive_file` in v2. */
function memoryUsed({ memory_stats: memory }: Sample): number {
  const { usage = 0, stats = {} } = memory ?? {}
  const counters = stats as Record<string, number>
  const droppable = [counters.total_inactive_file, counters.inactive_file].find(
    (bytes) => bytes !== undefined && bytes < (usage ?? 0),
  )
  return (usage ?? 0) - (droppable ?? 0)
}

function memoryPercentage(sample: Sample): number {
  const limit = sample.memory_stats?.limit ?? 0
  return limit === 0 ? 0 : (memoryUsed(sample) / limit) * 100
}

function networkBytes({ networks }: Sample): [number, number] {
  const interfaces = Object.values(
    (networks ?? {}) as Record<string, { rx_bytes?: number; tx_bytes?: number }>,
  )
  return [
    interfaces.reduce((sum, { rx_bytes = 0 }) => sum + rx_bytes, 0),
    interfaces.reduce((sum, { tx_bytes = 0 }) => sum + tx_bytes, 0),
  ]
}

function blockBytes({ blkio_stats: blkio }: Sample): [number, number] {
  const bytes = (initial: string) =>
    (blkio?.io_service_bytes_recursive ?? [])
      .filter((entry) => entry?.op?.toLowerCase().startsWith(initial))
      .reduce((sum, entry) => sum + (entry?.value ?? 0), 0)
  return [bytes('r'), bytes('w')]
}
