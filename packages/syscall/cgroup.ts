/** Control groups of both versions: which the host has, and the few operations on a group that are only file writes. */
import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CgroupLimits, type LiftedLimit, liftLimit, readLimits } from './cgroup-limits.ts'
import { type CgroupUsage, cgroupUsage } from './cgroup-usage.ts'
import { setFreezer } from './freezer.ts'

const CGROUP2_SUPER_MAGIC = 0x63677270

/**
 * `v2`: one tree. `v1`: a tree a controller. `hybrid`: v1 with a v2 tree beside it, at `unified`.
 * `controllers`: what containers can be limited by (`memory`, `cpu`, `cpuset`, `pids`, `blkio` or `io`, …).
 * `unifiedControllers`: on a hybrid host, those that the v2 tree keeps for itself.
 */
export interface CgroupLayout {
  mode: 'v1' | 'v2' | 'hybrid'
  root: string
  controllers: string[]
  unifiedControllers: string[]
}

/** Reads the layout of the mounted cgroup file systems. */
export function cgroupLayout(root = '/sys/fs/cgroup'): CgroupLayout {
  if (isCgroup2(root)) {
    return { mode: 'v2', root, controllers: words(join(root, 'cgroup.controllers')), unifiedControllers: [] }
  }
  const entries = directories(root)
  const unified = entries.includes('unified') && isCgroup2(join(root, 'unified'))
  const controllers = entries
    .filter((name) => !['unified', 'systemd'].includes(name))
    .flatMap((name) => name.split(','))
  return {
    mode: unified ? 'hybrid' : 'v1',
    root,
    controllers: [...new Set(controllers)],
    unifiedControllers: unified ? words(join(root, 'unified', 'cgroup.controllers')) : [],
  }
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_SUPER_MAGIC
  } catch {
    return false
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return []
  }
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean)
  } catch {
    return []
  }
}

/** One group, `/parent/name`, in every tree of the host. */
export class Cgroup {
  readonly #layout: CgroupLayout
  readonly #path: string

  constructor(layout: CgroupLayout, path: string) {
    this.#layout = layout
    this.#path = path
  }

  /** The group's directories: one, or one a v1 tree. They need not exist. */
  directories(): string[] {
    const { mode, root } = this.#layout
    if (mode === 'v2') return [join(root, this.#path)]
    return directories(root).map((tree) => join(root, tree, this.#path))
  }

  /** The directory where a controller's files are. */
  controller(name: string): string {
    return this.#layout.mode === 'v2'
      ? join(this.#layout.root, this.#path)
      : join(this.#layout.root, name, this.#path)
  }

  /** Pids of all processes in the group and the groups below it. Empty when it does not exist. */
  async processes(): Promise<number[]> {
    const trees =
      this.#layout.mode === 'v2'
        ? [this.directories()[0] as string]
        : [this.controller('pids'), this.controller('systemd')]
    for (const tree of trees) {
      const pids = await processesBelow(tree)
      if (pids) return pids
    }
    return []
  }

  /** Stops (or lets go on) every process of the group, and waits until the kernel has done so. */
  async freeze(frozen: boolean): Promise<void> {
    if (this.#layout.mode === 'v2') return this.#freezeV2(frozen)
    const file = join(this.controller('freezer'), 'freezer.state')
    const state = { write: (text: string) => writeFile(file, text), read: () => readFile(file, 'utf8') }
    if (!(await setFreezer(state, frozen)))
      throw new Error(`cgroup ${this.#path} cannot be ${frozen ? 'frozen' : 'thawed'}`)
  }

  async #freezeV2(frozen: boolean): Promise<void> {
    const directory = this.controller('')
    await writeFile(join(directory, 'cgroup.freeze'), frozen ? '1' : '0')
    for (let attempt = 0; attempt < 1000; attempt++) {
      const events = await readFile(join(directory, 'cgroup.events'), 'utf8')
      if (counter(events, 'frozen') === (frozen ? 1 : 0)) return
      await sleep(1 + attempt / 50)
    }
    if (frozen) await writeFile(join(directory, 'cgroup.freeze'), '0')
    throw new Error(`cgroup ${this.#path} cannot be ${frozen ? 'frozen' : 'thawed'}`)
  }

  async isFrozen(): Promise<boolean> {
    const v2 = this.#layout.mode === 'v2'
    const file = v2
      ? join(this.controller(''), 'cgroup.freeze')
      : join(this.controller('freezer'), 'freezer.state')
    const text = await readFile(file, 'utf8').catch(() => '')
    return v2 ? text.trim() === '1' : /^(FROZEN|FREEZING)/.test(text)
  }

  /** Kills every process of the group and waits until the kernel has taken them out of it. */
  async kill(): Promise<void> {
    if (this.#layout.mode === 'v2')
      await writeFile(join(this.controller(''), 'cgroup.kill'), '1').catch(() => {})
    for (let attempt = 0; attempt < 500; attempt++) {
      const pids = await this.processes()
      if (pids.length === 0) return
      for (const pid of pids) kill(pid)
      // On v1 a frozen process does not die before it is thawed.
      if (attempt === 0 && (await this.isFrozen())) await this.freeze(false)
      await sleep(Math.min(1 + attempt, 20))
    }
    throw new Error(`processes of cgroup ${this.#path} cannot be killed`)
  }

  /** How many processes of the group the kernel has killed for want of memory. 0 when it does not exist. */
  async oomKills(): Promise<number> {
    const file =
      this.#layout.mode === 'v2'
        ? join(this.controller(''), 'memory.events')
        : join(this.controller('memory'), 'memory.oom_control')
    return counter(await readFile(file, 'utf8').catch(() => ''), 'oom_kill') ?? 0
  }

  /** What its processes have used so far. */
  usage(): CgroupUsage {
    return cgroupUsage(this.#layout, this.#path)
  }

  /** The limits that can be changed while it lives, to be put back with restoreLimits. */
  limits(): Promise<CgroupLimits> {
    return readLimits(this.#layout, this.#path)
  }

  async lift(limit: LiftedLimit): Promise<void> {
    await liftLimit(this.#layout, this.#path, limit)
  }

  /** Moves a process into the group, which is made when needed; on v1 only in the trees named. */
  async add(pid: number, trees: string[]): Promise<void> {
    const targets =
      this.#layout.mode === 'v2' ? this.directories() : trees.map((tree) => this.controller(tree))
    for (const directory of targets) {
      await mkdir(directory, { recursive: true })
      await writeFile(join(directory, 'cgroup.procs'), String(pid))
    }
  }

  async exists(): Promise<boolean> {
    const found = await Promise.all(
      this.directories().map((directory) => readdir(directory).catch(() => null)),
    )
    return found.some((entries) => entries !== null)
  }

  /** Removes the group, which must have no processes left, and the groups below it. Idempotent. */
  async remove(): Promise<void> {
    await Promise.all(this.directories().map(removeTree))
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** A line `key value` of a flat keyed file. */
function counter(text: string, key: string): number | null {
  const value = new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]
  return value === undefined ? null : Number(value)
}

async function processesBelow(directory: string): Promise<number[] | null> {
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(noneIfGone)
  if (text === null) return null
  const own = text.split('\n').filter(Boolean).map(Number)
  const children = await childGroups(directory)
  const below = await Promise.all(children.map(processesBelow))
  return own.concat(...below.map((pids) => pids ?? []))
}

/** Of a group that is not there, is being removed, or has threads alone (cgroups(7)). Any other error may hide processes. */
function noneIfGone(error: NodeJS.ErrnoException): null {
  if (['ENOENT', 'ENODEV', 'ENOTSUP'].includes(error.code ?? '')) return null
  throw error
}

async function childGroups(directory: string): Promise<string[]> {
  const entries = (await readdir(directory, { withFileTypes: true }).catch(noneIfGone)) ?? []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name))
}

/** A group whose last process has just been reaped may answer EBUSY for a moment. */
async function removeTree(directory: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(directory)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ENOENT') return
      if ((code !== 'EBUSY' && code !== 'ENOTEMPTY') || attempt >= 60) throw error
      for (const child of await childGroups(directory)) await removeTree(child)
      await sleep(Math.min(1 + attempt, 50))
    }
  }
}
