/** The overlay mount of a task's root file system. */
import { mkdir, rmdir } from 'node:fs/promises'
import { mountOverlay, SystemCallError, UnmountFlag, unmount } from '@gantry/syscall'
import type { MountCopy, RootFilesystem } from './contracts.ts'
import { copyMountsOf } from './mount-copy.ts'

/** Mounts the root file system at `target`, which is made. Writable: the OCI runtime makes a read-only one so. */
export async function mountRootfs(rootfs: RootFilesystem | MountCopy, target: string): Promise<void> {
  await mkdir(target, { mode: 0o700 })
  if ('mountsOf' in rootfs) return await copyMountsOf(rootfs.mountsOf, target)
  const { lower, upper, work, idMap, mountLabel } = rootfs
  mountOverlay({
    lower,
    upper,
    work,
    target,
    ...(idMap && { idMap }),
    ...(mountLabel && { context: mountLabel }),
  })
}

/**
 * Unmounts whatever is mounted at `target` and removes the directory, never anything in it. Idempotent.
 * Throws when the directory cannot be removed, for then something is still mounted there.
 */
export async function unmountRootfs(target: string): Promise<void> {
  while (unmountOnce(target)) {
    // A crash between two mounts may have left one upon the other.
  }
  await rmdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** False when nothing was mounted. */
function unmountOnce(target: string): boolean {
  try {
    unmount(target, UnmountFlag.noFollow)
    return true
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    if (error.code === 'EINVAL' || error.code === 'ENOENT') return false
    if (error.code !== 'EBUSY') throw error
    unmount(target, UnmountFlag.noFollow | UnmountFlag.detach)
    return true
  }
}
