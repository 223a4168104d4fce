/** Keeps conmons out of the daemon's own cgroup, so that a service manager that stops the daemon does not stop them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cgroup, type CgroupLayout } from '@gantry/syscall'

/** Trees in which service managers look for a service's processes, on hosts with cgroup v1. */
const managerTrees: Record<string, string> = { '0::': 'unified', 'name=systemd': 'systemd' }

export class MonitorCgroup {
  readonly #group: Cgroup
  readonly #trees: string[]

  /** `own` is the daemon's /proc/self/cgroup. Nothing is moved from where the daemon is in the root group itself. */
  constructor(cgroups: CgroupLayout, cgroupParent: string, own = readFileSync('/proc/self/cgroup', 'utf8')) {
    this.#group = new Cgroup(cgroups, join(cgroupParent, 'monitors'))
    this.#trees = managedTrees(own)
  }

  /** Moves a conmon. Where that is not allowed it stays, and lives as long as the service's cgroup does. */
  async adopt(pid: number): Promise<void> {
    if (this.#trees.length === 0) return
    await this.#group.add(pid, this.#trees).catch(() => {})
  }
}

/** From lines `<number>:<controllers>:<path>`, cgroups(7). */
function managedTrees(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [number = '', controllers = '', path = '/'] = line.split(':')
    const tree = managerTrees[number === '0' ? '0::' : controllers]
    return tree && path !== '/' ? [tree] : []
  })
}
