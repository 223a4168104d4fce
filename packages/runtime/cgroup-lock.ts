/** Getting the kernel ready to put processes into cgroups. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CgroupLayout } from '@gantry/syscall'

/** How long the kernel stays ready, in milliseconds; a grace period of RCU, roughly. */
const readyFor = 5

/**
 * Whoever first moves a process between cgroups after a while waits 10 to 20 ms for a lock of the kernel that favours
 * fork and exit; those who follow closely do not. So the daemon takes that lock once, by moving itself to where it is,
 * while the OCI runtime that will need it is still being started.
 */
export class CgroupLock {
  readonly #file: string | null
  #readyUntil = 0
  #warming: Promise<void> | null = null

  /** `own` is the daemon's /proc/self/cgroup. */
  constructor(cgroups: CgroupLayout, own = readFileSync('/proc/self/cgroup', 'utf8')) {
    this.#file = ownProcesses(cgroups, own)
  }

  /** Returns at once; without effect where the daemon may not do that. */
  warm(): void {
    if (this.#file === null || this.#warming || performance.now() < this.#readyUntil) return
    // Zero stands for the writer.
    this.#warming = writeFile(this.#file, '0')
      .catch(() => {})
      .then(() => {
        this.#warming = null
        this.#readyUntil = performance.now() + readyFor
      })
  }
}

/** The daemon's own group in any one tree, from lines `<number>:<controllers>:<path>`, cgroups(7). */
function ownProcesses({ mode, root }: CgroupLayout, own: string): string | null {
  for (const line of own.split('\n')) {
    const [number = '', controllers = '', path = ''] = line.split(':')
    if (mode === 'v2' ? number === '0' : /^\w+$/.test(controllers)) {
      return join(root, mode === 'v2' ? '' : controllers, path, 'cgroup.procs')
    }
  }
  return null
}
