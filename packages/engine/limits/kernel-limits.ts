/** Which limits the kernel can put on a container, read from the mounted cgroup file systems. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CgroupLayout } from '@gantry/syscall'

export interface KernelLimits {
  cgroupVersion: '1' | '2'
  memory: boolean
  swap: boolean
  memoryReservation: boolean
  memorySwappiness: boolean
  oomKillDisable: boolean
  cpuShares: boolean
  /** Quota and period. */
  cpuCfs: boolean
  cpuRealtime: boolean
  cpuset: boolean
  /** Processors and memory nodes that there are, as the kernel lists them: `0-3,7`. */
  cpus: string
  mems: string
  pids: boolean
  blkioWeight: boolean
  blkioWeightDevice: boolean
  blkioReadBps: boolean
  blkioWriteBps: boolean
  blkioReadIops: boolean
  blkioWriteIops: boolean
}

/** What the controllers of this host can do. Reads files (cgroups(7)): ask once, when the daemon starts. */
export function kernelLimits(layout: CgroupLayout): KernelLimits {
  return layout.mode === 'v2' ? limitsV2(layout) : limitsV1(layout)
}

function limitsV1({ root, controllers }: CgroupLayout): KernelLimits {
  const file = (path: string) => existsSync(join(root, path))
  const throttle = (name: string) => file(`blkio/blkio.throttle.${name}_device`)
  return {
    cgroupVersion: '1',
    memory: controllers.includes('memory'),
    swap: file('memory/memory.memsw.limit_in_bytes'),
    memoryReservation: file('memory/memory.soft_limit_in_bytes'),
    memorySwappiness: file('memory/memory.swappiness'),
    oomKillDisable: file('memory/memory.oom_control'),
    cpuShares: file('cpu/cpu.shares'),
    cpuCfs: file('cpu/cpu.cfs_quota_us'),
    cpuRealtime: file('cpu/cpu.rt_period_us'),
    cpuset: controllers.includes('cpuset'),
    cpus: line(join(root, 'cpuset/cpuset.cpus')),
    mems: line(join(root, 'cpuset/cpuset.mems')),
    pids: controllers.includes('pids'),
    blkioWeight: file('blkio/blkio.weight'),
    blkioWeightDevice: file('blkio/blkio.weight_device'),
    blkioReadBps: throttle('read_bps'),
    blkioWriteBps: throttle('write_bps'),
    blkioReadIops: throttle('read_iops'),
    blkioWriteIops: throttle('write_iops'),
  }
}

function limitsV2({ root, controllers }: CgroupLayout): KernelLimits {
  const has = (controller: string) => controllers.includes(controller)
  const memory = has('memory')
  const io = has('io')
  const weight = io && groupsHave(root, 'io.', ['io.weight', 'io.bfq.weight'])
  return {
    cgroupVersion: '2',
    memory,
    swap: memory && groupsHave(root, 'memory.', ['memory.swap.max']),
    memoryReservation: memory,
    memorySwappiness: false,
    oomKillDisable: false,
    cpuShares: has('cpu'),
    cpuCfs: has('cpu'),
    cpuRealtime: false,
    cpuset: has('cpuset'),
    cpus: line(join(root, 'cpuset.cpus.effective')),
    mems: line(join(root, 'cpuset.mems.effective')),
    pids: has('pids'),
    blkioWeight: weight,
    blkioWeightDevice: weight,
    blkioReadBps: io,
    blkioWriteBps: io,
    blkioReadIops: io,
    blkioWriteIops: io,
  }
}

/**
 * Whether the kernel knows one of the files. The root group has no limits of its own, so a group below it that has the
 * controller's files tells; where there is none yet, the kernel is taken for a whole one.
 */
function groupsHave(root: string, prefix: string, files: string[]): boolean {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const names = readdirSync(join(root, entry.name)).filter((name) => name.startsWith(prefix))
    // The counters of pressure are there without the controller.
    if (names.some((name) => name !== `${prefix}pressure`)) return files.some((file) => names.includes(file))
  }
  return true
}

function line(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** What `info` warns of: limits that users would ask for in vain. */
export function limitWarnings(limits: KernelLimits): string[] {
  const v1 = limits.cgroupVersion === '1'
  const io = (file: string, v2: string) => (v1 ? `blkio throttle.${file}_device` : `io.max (${v2})`)
  const missing: [boolean, string][] = [
    [limits.memory, 'memory limit'],
    [limits.swap, 'swap limit'],
    [limits.oomKillDisable || !v1, 'oom kill disable'],
    [limits.cpuCfs, 'cpu cfs quota'],
    [limits.cpuCfs, 'cpu cfs period'],
    [limits.cpuShares, 'cpu shares'],
    [limits.cpuset, 'cpuset'],
    [limits.pids, 'pids limit'],
    [limits.blkioWeight || v1, 'io.weight'],
    [limits.blkioWeightDevice || v1, 'io.weight (per device)'],
    [limits.blkioReadBps, io('read_bps', 'rbps')],
    [limits.blkioWriteBps, io('write_bps', 'wbps')],
    [limits.blkioReadIops, io('read_iops', 'riops')],
    [limits.blkioWriteIops, io('write_iops', 'wiops')],
  ]
  return missing.filter(([there]) => !there).map(([, what]) => `WARNING: No ${what} support`)
}
