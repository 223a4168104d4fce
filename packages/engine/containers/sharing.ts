import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import { MountFlag, mount, SystemCallError, UnmountFlag, unmount } from '@gantry/syscall'
import type { Container } from './container.ts'
import type { ContainerDependencies, SpecMount } from './dependencies.ts'
import type { Registry } from './registry.ts'
import { sharedContainer } from './validate-modes.ts'

/** The pid and ipc namespaces of a starting container, and /dev/shm, which goes with the latter. */
export class NamespaceSharing {
  readonly #deps: Pick<ContainerDependencies, 'paths'>
  readonly #registry: Registry

  constructor(deps: Pick<ContainerDependencies, 'paths'>, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** Path, `host` or `private`. Throws Conflict for a donor that does not run. */
  pid(container: Container): string {
    const mode = container.record.hostConfig.PidMode || 'private'
    const donor = sharedContainer(mode)
    return donor ? `/proc/${runningPid(this.#registry.find(donor))}/ns/pid` : mode
  }

  /** Path, `host` or `private`; `shareable` is private to begin with. */
  ipc(container: Container): string {
    const mode = container.record.hostConfig.IpcMode || 'private'
    const donor = sharedContainer(mode)
    if (donor) return `/proc/${this.#ipcDonor(this.#registry.find(donor))}/ns/ipc`
    return mode === 'host' ? 'host' : 'private'
  }

  /** `root` is the container's in the host. /dev/shm when it is not the container's alone: mounted on the host so that others can have it too. */
  async shm(container: Container, root = { uid: 0, gid: 0 }, label = ''): Promise<SpecMount[]> {
    const mode = container.record.hostConfig.IpcMode || 'private'
    const donor = sharedContainer(mode)
    if (mode === 'host') return [shmMount('/dev/shm')]
    if (donor) return [shmMount(join(this.#deps.paths.shm, this.#registry.find(donor).id))]
    if (mode !== 'shareable') return []
    const target = join(this.#deps.paths.shm, container.id)
    await mkdir(target, { recursive: true, mode: 0o700 })
    const context = label && `,context="${label}"`
    mount({
      source: 'shm',
      target,
      type: 'tmpfs',
      flags: MountFlag.noSuid | MountFlag.noDev | MountFlag.noExec,
      data: `mode=1777,size=${container.record.hostConfig.ShmSize},uid=${root.uid},gid=${root.gid}${context}`,
    })
    return [shmMount(target)]
  }

  /** Unmounts what `shm` mounted. Idempotent. */
  async release(container: Container): Promise<void> {
    if (container.record.hostConfig.IpcMode !== 'shareable') return
    const target = join(this.#deps.paths.shm, container.id)
    try {
      unmount(target, UnmountFlag.detach)
    } catch (error) {
      if (!(error instanceof SystemCallError && ['EINVAL', 'ENOENT'].includes(error.code))) throw error
    }
    await rmdir(target).catch(() => {})
  }

  #ipcDonor(donor: Container): number {
    const what = `can't join IPC of container ${donor.id}`
    const pid = runningPid(donor, `${what}: `)
    if (donor.record.hostConfig.IpcMode === 'shareable') return pid
    const hint = '(hint: use IpcMode:shareable for the donor container)'
    throw new GantryError('InvalidParameter', `${what}: non-shareable IPC ${hint}`)
  }
}

/** The first process of a container whose namespaces are to be joined. Throws Conflict in Docker's words. */
export function runningPid({ id, task, record }: Container, prefix = ''): number {
  if (record.state.status === 'restarting') {
    const advice = 'wait until the container is running'
    throw new GantryError('Conflict', `${prefix}Container ${id} is restarting, ${advice}`)
  }
  if (!task) throw new GantryError('Conflict', `${prefix}container ${id} is not running`)
  return task.pid
}

function shmMount(source: string): SpecMount {
  return {
    type: 'bind',
    source,
    destination: '/dev/shm',
    writable: true,
    propagation: 'rprivate',
    recursive: true,
    options: [],
  }
}
