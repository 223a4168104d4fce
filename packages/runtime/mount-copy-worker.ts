/** Worker thread that goes into a mount namespace, from which there is no way back, and copies its mounts. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '@gantry/errors'
import { copyMounts } from '@gantry/syscall'
import type { MountCopyAnswer } from './mount-copy.ts'

function answer(): MountCopyAnswer {
  try {
    return { fd: copyMounts(String(workerData)) }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

parentPort?.postMessage(answer())
