/** The limits of a control group as the kernel keeps them: to look at, to put back, to lift. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CgroupLayout } from './cgroup.ts'

/** Values of limit files by their path. */
export type CgroupLimits = ReadonlyMap<string, string>

/** A limit that is wholly taken away. */
export type LiftedLimit = 'cpu-quota' | 'pids'

const filesV1: Record<string, string[]> = {
  memory: ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.soft_limit_in_bytes'],
  cpu: ['cpu.shares', 'cpu.cfs_period_us', 'cpu.cfs_quota_us', 'cpu.rt_period_us', 'cpu.rt_runtime_us'],
  cpuset: ['cpuset.cpus', 'cpuset.mems'],
  pids: ['pids.max'],
  blkio: ['blkio.weight', 'blkio.bfq.weight'],
}

const filesV2 = [
  'memory.max',
  'memory.swap.max',
  'memory.low',
  'cpu.weight',
  'cpu.max',
  'cpuset.cpus',
  'cpuset.mems',
  'pids.max',
  'io.weight',
  'io.bfq.weight',
]

/** Limits of the group `path` that can be changed while it lives. Those the kernel does not have are left out. */
export async function readLimits(layout: CgroupLayout, path: string): Promise<CgroupLimits> {
  const limits = new Map<string, string>()
  for (const file of limitFiles(layout, path)) {
    const value = await readFile(file, 'utf8').catch(() => null)
    if (value !== null) limits.set(file, value.trim())
  }
  return limits
}

function limitFiles({ mode, root }: CgroupLayout, path: string): string[] {
  if (mode === 'v2') return filesV2.map((file) => join(root, path, file))
  return Object.entries(filesV1).flatMap(([controller, files]) =>
    files.map((file) => join(root, controller, path, file)),
  )
}

/** Some limits bound each other (memory and memory with swap, quota and period), so that the order matters: tries again. */
const rounds = 4

/** Puts limits back to what they were. Resolves to the files that the kernel does not let be what they were. */
export async function restoreLimits(limits: CgroupLimits): Promise<string[]> {
  for (let round = 0; ; round++) {
    const changed = await changedSince(limits)
    if (changed.length === 0 || round === rounds) return changed
    // An empty set of processors cannot be written: it stands for the parent's.
    for (const file of changed) await writeFile(file, limits.get(file) || '\n').catch(() => {})
  }
}

async function changedSince(limits: CgroupLimits): Promise<string[]> {
  const changed: string[] = []
  for (const [file, value] of limits) {
    const now = await readFile(file, 'utf8').catch(() => null)
    if (now !== null && now.trim() !== value) changed.push(file)
  }
  return changed
}

/** Takes a limit away altogether. */
export async function liftLimit(
  { mode, root }: CgroupLayout,
  path: string,
  limit: LiftedLimit,
): Promise<void> {
  const v2 = mode === 'v2'
  if (limit === 'pids') return await writeFile(join(root, v2 ? '' : 'pids', path, 'pids.max'), 'max')
  if (v2) await writeFile(join(root, path, 'cpu.max'), 'max')
  else await writeFile(join(root, 'cpu', path, 'cpu.cfs_quota_us'), '-1')
}

/** Microseconds. */
export interface RealtimeShare {
  period?: number
  runtime?: number
}

/**
 * Gives the group `path` and every group above it a share of real-time scheduling, which a group can only pass on from
 * the one above. Makes the groups when needed. Version 1 only; rejects with the kernel's error.
 */
export async function allowRealtime(layout: CgroupLayout, path: string, share: RealtimeShare): Promise<void> {
  let directory = join(layout.root, 'cpu')
  for (const part of path.split('/').filter(Boolean)) {
    directory = join(directory, part)
    await mkdir(directory, { recursive: true })
    if (share.period) await writeFile(join(directory, 'cpu.rt_period_us'), String(share.period))
    if (share.runtime) await writeFile(join(directory, 'cpu.rt_runtime_us'), String(share.runtime))
  }
}
