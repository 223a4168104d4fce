import { closeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import { attachMounts } from '@gantry/syscall'

/** What the worker answers: a descriptor, or what went wrong. */
export type MountCopyAnswer = { fd: number } | { problem: string }

/** Mounts at `target` a copy of all that a process has mounted. Rejects with Conflict when it has ended. */
export async function copyMountsOf(pid: number, target: string): Promise<void> {
  const worker = new Worker(new URL('./mount-copy-worker.ts', import.meta.url), {
    workerData: `/proc/${pid}/ns/mnt`,
    // Its descriptor is for this thread.
    trackUnmanagedFds: false,
    stdin: false,
  })
  const { promise, resolve, reject } = Promise.withResolvers<MountCopyAnswer>()
  worker.once('message', resolve).once('error', reject)
  worker.once('exit', () => reject(new GantryError('System', 'the thread ended without a result')))
  const answer = await promise
  await worker.terminate()
  if ('problem' in answer) {
    throw new GantryError('Conflict', `the mounts of process ${pid} cannot be copied: ${answer.problem}`)
  }
  try {
    attachMounts(answer.fd, target)
  } finally {
    closeSync(answer.fd)
  }
}
