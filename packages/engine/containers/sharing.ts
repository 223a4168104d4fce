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

  pid(container: Container): string {
    const mode = container.record.hostConfig.PidMode || 'private'
    const donor = sharedContainer(mode)
    return donor ? `/proc/${this.#pidOf(donor, 'PID')}/ns/pid` : mode
  }

  /** Path, `host` or `private`; `shareable` is private to begin with. */
  ipc(container: Container): string {
    const mode = container.record.hostConfig.IpcMode || 'private'
    const donor = sharedContainer(mode)
    if (donor) return `/proc/${this.#pidOf(donor, 'IPC')}/ns/ipc`
    return mode === 'host' ? 'host' : 'private'
  }

  /** /dev/shm when it is not the container's alone: mounted on the host so that others can have it too. */
  async shm(container: Container): Promise<SpecMount[]> {
    const mode = container.record.hostConfig.IpcMode || 'private'
    const donor = sharedContainer(mode)
    if (mode === 'host') return [shmMount('/dev/shm')]
    if (donor) return [shmMount(join(this.#deps.paths.shm, this.#registry.find(donor).id))]
    if (mode !== 'shareable') return []
    const target = join(this.#deps.paths.shm, container.id)
    await mkdir(target, { recursive: true, mode: 0o700 })
    mount({
      source: 'shm',
      target,
      type: 'tmpfs',
      flags: MountFlag.noSuid | MountFlag.noDev | MountFlag.noExec,
      data: `mode=1777,size=${container.record.hostConfig.ShmSize}`,
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

  #pidOf(reference: string, kind: 'PID' | 'IPC'): number {
    const donor = this.#registry.find(reference)
    if (!donor.task) {
      throw new GantryError(
        'Conflict',
        `can't join ${kind} of container ${donor.id}: container is not running`,
      )
    }
    if (kind === 'IPC' && donor.record.hostConfig.IpcMode !== 'shareable') {
      throw new GantryError(
        'InvalidParameter',
        `can't join IPC of container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
      )
    }
    return donor.task.pid
  }
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
