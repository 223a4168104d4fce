/** What a control group has used, as the kernel counts it: the files of both versions as one shape. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CgroupLayout } from './cgroup.ts'

/** Times are nanoseconds, sizes bytes. A part is null where its controller is off or the group is gone. */
export interface CgroupUsage {
  version: 1 | 2
  cpu: CpuUsage | null
  memory: MemoryUsage | null
  pids: PidsUsage | null
  blockIo: BlockIoUsage
}

export interface CpuUsage {
  total: number
  /** By processor; only version 1 tells. */
  perCpu: number[] | null
  kernel: number
  user: number
  periods: number
  throttledPeriods: number
  throttledTime: number
}

export interface MemoryUsage {
  usage: number
  /** Null where there is none. */
  limit: number | null
  /** The highest usage so far; only version 1 tells. */
  maxUsage: number | null
  /** How often the limit was hit; in version 2, how often that left no memory. */
  failures: number
  /** `memory.stat` as it is. */
  stats: Record<string, number>
}

export interface PidsUsage {
  current: number
  /** Null where there is none. */
  limit: number | null
}

export interface BlockIoEntry {
  major: number
  minor: number
  /** `Read`, `Write`, `Sync`, … in version 1, `read` and `write` in version 2; empty where it is not told apart. */
  op: string
  value: number
}

/** Every counter but `serviceBytes` exists in version 1 only, where the kernel's I/O scheduler keeps it. */
export interface BlockIoUsage {
  serviceBytes: BlockIoEntry[]
  serviced: BlockIoEntry[]
  queued: BlockIoEntry[]
  serviceTime: BlockIoEntry[]
  waitTime: BlockIoEntry[]
  merged: BlockIoEntry[]
  time: BlockIoEntry[]
  sectors: BlockIoEntry[]
}

/**
 * Reads the counters of the group `path` (`/parent/name`). Synchronous: these files are written by the kernel on demand,
 * each in some microseconds, and to hand the reads to threads costs more than the reads.
 */
export function cgroupUsage(layout: CgroupLayout, path: string): CgroupUsage {
  return layout.mode === 'v2' ? usageV2(join(layout.root, path)) : usageV1(layout.root, path)
}

const nanosecondsPerSecond = 1e9
/** USER_HZ: the unit of `cpuacct.stat`, fixed for programs on Linux. */
const ticksPerSecond = 100

function usageV1(root: string, path: string): CgroupUsage {
  const file = (controller: string, name: string) => text(join(root, controller, path, name))
  return {
    version: 1,
    cpu: cpuV1(file),
    memory: memoryV1(file),
    pids: pidsOf(file('pids', 'pids.current'), file('pids', 'pids.max')),
    blockIo: blockIoV1(join(root, 'blkio', path)),
  }
}

type ReadV1 = (controller: string, name: string) => string | null

function cpuV1(file: ReadV1): CpuUsage | null {
  const total = file('cpuacct', 'cpuacct.usage')
  if (total === null) return null
  const ticks = keyed(file('cpuacct', 'cpuacct.stat'))
  const throttling = keyed(file('cpu', 'cpu.stat'))
  const perCpu = file('cpuacct', 'cpuacct.usage_percpu')
  return {
    total: Number(total),
    perCpu: perCpu === null ? null : perCpu.split(' ').filter(isDigits).map(Number),
    kernel: ((ticks.system ?? 0) * nanosecondsPerSecond) / ticksPerSecond,
    user: ((ticks.user ?? 0) * nanosecondsPerSecond) / ticksPerSecond,
    periods: throttling.nr_periods ?? 0,
    throttledPeriods: throttling.nr_throttled ?? 0,
    throttledTime: throttling.throttled_time ?? 0,
  }
}

/** "No limit" is the highest number of pages that the kernel can count. */
const unlimitedV1 = 2 ** 62

function memoryV1(file: ReadV1): MemoryUsage | null {
  const usage = file('memory', 'memory.usage_in_bytes')
  if (usage === null) return null
  const limit = Number(file('memory', 'memory.limit_in_bytes') ?? unlimitedV1)
  return {
    usage: Number(usage),
    limit: limit >= unlimitedV1 ? null : limit,
    maxUsage: Number(file('memory', 'memory.max_usage_in_bytes') ?? 0),
    failures: Number(file('memory', 'memory.failcnt') ?? 0),
    stats: keyed(file('memory', 'memory.stat')),
  }
}

/** Which counters there are depends on the kernel's I/O scheduler: to look is cheaper than to try each name in vain. */
function blockIoV1(directory: string): BlockIoUsage {
  const there = new Set(namesIn(directory))
  const first = (...names: string[]) => {
    const found = names.find((name) => there.has(name))
    return found === undefined ? [] : entriesV1(text(join(directory, found)))
  }
  const scheduler = (name: string) => first(`blkio.${name}_recursive`, `blkio.bfq.${name}_recursive`)
  const throttle = (name: string) => first(`blkio.throttle.${name}_recursive`, `blkio.throttle.${name}`)
  const usage: BlockIoUsage = {
    serviceBytes: scheduler('io_service_bytes'),
    serviced: scheduler('io_serviced'),
    queued: scheduler('io_queued'),
    serviceTime: scheduler('io_service_time'),
    waitTime: scheduler('io_wait_time'),
    merged: scheduler('io_merged'),
    time: scheduler('time'),
    sectors: scheduler('sectors'),
  }
  // Most schedulers count nothing for groups; the layer that throttles always does.
  if (Object.values(usage).some((entries) => entries.length > 0)) return usage
  return { ...usage, serviceBytes: throttle('io_service_bytes'), serviced: throttle('io_serviced') }
}

/** `8:0 Read 4096`, or `8:0 17` where nothing is told apart; the last line is a total. */
function entriesV1(content: string | null): BlockIoEntry[] {
  return (content ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (?:([A-Za-z]+) )?(\d+)$/.exec(line)
    if (!match) return []
    const [, major, minor, op = '', value] = match
    return [{ major: Number(major), minor: Number(minor), op, value: Number(value) }]
  })
}

function usageV2(directory: string): CgroupUsage {
  const file = (name: string) => text(join(directory, name))
  return {
    version: 2,
    cpu: cpuV2(file('cpu.stat')),
    memory: memoryV2(file),
    pids: pidsOf(file('pids.current'), file('pids.max')),
    blockIo: { ...noBlockIo(), serviceBytes: entriesV2(file('io.stat')) },
  }
}

function cpuV2(content: string | null): CpuUsage | null {
  if (content === null) return null
  const stat = keyed(content)
  const nanoseconds = (key: string) => (stat[key] ?? 0) * 1000
  return {
    total: nanoseconds('usage_usec'),
    perCpu: null,
    kernel: nanoseconds('system_usec'),
    user: nanoseconds('user_usec'),
    periods: stat.nr_periods ?? 0,
    throttledPeriods: stat.nr_throttled ?? 0,
    throttledTime: nanoseconds('throttled_usec'),
  }
}

function memoryV2(file: (name: string) => string | null): MemoryUsage | null {
  const usage = file('memory.current')
  if (usage === null) return null
  return {
    usage: Number(usage),
    limit: limited(file('memory.max')),
    maxUsage: null,
    failures: keyed(file('memory.events')).oom ?? 0,
    stats: keyed(file('memory.stat')),
  }
}

/** `8:0 rbytes=4096 wbytes=0 rios=1 …` */
function entriesV2(content: string | null): BlockIoEntry[] {
  return (content ?? '').split('\n').flatMap((line) => {
    const device = /^(\d+):(\d+) /.exec(line)
    if (!device) return []
    const [major, minor] = [Number(device[1]), Number(device[2])]
    const counter = (key: string) => Number(new RegExp(` ${key}=(\\d+)`).exec(line)?.[1] ?? 0)
    return [
      { major, minor, op: 'read', value: counter('rbytes') },
      { major, minor, op: 'write', value: counter('wbytes') },
    ]
  })
}

function noBlockIo(): BlockIoUsage {
  return {
    serviceBytes: [],
    serviced: [],
    queued: [],
    serviceTime: [],
    waitTime: [],
    merged: [],
    time: [],
    sectors: [],
  }
}

function pidsOf(current: string | null, limit: string | null): PidsUsage | null {
  return current === null ? null : { current: Number(current), limit: limited(limit) }
}

/** `max` is no limit. */
function limited(content: string | null): number | null {
  return content !== null && isDigits(content) ? Number(content) : null
}

/** Lines of `key value`; what is no such line is left out. */
function keyed(content: string | null): Record<string, number> {
  const values: Record<string, number> = {}
  for (const line of (content ?? '').split('\n')) {
    const [key = '', value = ''] = line.split(' ')
    if (key !== '' && isDigits(value)) values[key] = Number(value)
  }
  return values
}

const isDigits = (value: string) => /^\d+$/.test(value)

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Null when the file is not there, or its group ends while it is read. */
function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}
