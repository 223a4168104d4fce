/** Worker thread: one mount or unmount that may block. Answers with the errno, or null when it succeeded. */
import { parentPort, workerData } from 'node:worker_threads'
import { MountFlag, mount, SystemCallError, UnmountFlag, unmount } from '@gantry/syscall'
import type { MountArguments } from './mount-options.ts'
import type { MountAnswer, MountTask } from './mounter.ts'

function run({ target, arguments: wanted }: MountTask): MountAnswer {
  try {
    if (wanted) mountAll(target, wanted)
    else unmount(target, UnmountFlag.noFollow)
    return null
  } catch (error) {
    if (error instanceof SystemCallError) return error.errno
    throw error
  }
}

/** mount(2) takes propagation, and restrictions of a bind mount, only in calls of their own. */
function mountAll(target: string, { type, device, flags, propagation, data }: MountArguments): void {
  mount({ source: device, target, type, flags, data })
  try {
    if (propagation) mount({ source: '', target, type: '', flags: propagation })
    const restrictions = flags & ~(MountFlag.bind | MountFlag.recursive)
    if (flags & MountFlag.bind && restrictions)
      mount({ source: '', target, type: '', flags: MountFlag.bind | MountFlag.remount | restrictions })
  } catch (error) {
    unmount(target, UnmountFlag.detach)
    throw error
  }
}

parentPort?.postMessage(run(workerData as MountTask))
