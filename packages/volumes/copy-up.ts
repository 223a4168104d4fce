import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { copyMetadata, openInRoot, SystemCallError } from '@gantry/syscall'
import type { CopyUpSource } from './contracts.ts'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * Fills the empty directory `destination` with what `source` names: content, owners, modes, times, attributes, and the
 * directory's own. A path that is not there, or is no directory, copies nothing. The path is resolved by the kernel
 * inside the source's root; the copy runs in a worker thread.
 */
export async function copyUp(source: CopyUpSource, destination: string): Promise<void> {
  const from = openSource(source)
  if (from === null) return
  try {
    const to = openSync(destination, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    try {
      if (isEmpty(from)) copyMetadata(from, to)
      else await copyInWorker(from, to)
    } finally {
      closeSync(to)
    }
  } finally {
    closeSync(from)
  }
}

/** Symbolic links in the image that point nowhere, or round in circles, name nothing to copy. */
const nothingThere = ['ENOENT', 'ENOTDIR', 'ELOOP']

function openSource({ root, path }: CopyUpSource): number | null {
  const directory = openSync(root, O_RDONLY | O_DIRECTORY)
  try {
    return openInRoot(directory, path, O_RDONLY | O_DIRECTORY)
  } catch (error) {
    if (error instanceof SystemCallError && nothingThere.includes(error.code)) return null
    throw error
  } finally {
    closeSync(directory)
  }
}

function isEmpty(directory: number): boolean {
  return readdirSync(`/proc/self/fd/${directory}`).length === 0
}

/** Descriptors belong to the process, so the worker needs only their numbers. */
async function copyInWorker(from: number, to: number): Promise<void> {
  const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), { workerData: { from, to } })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  worker.once('error', reject)
  worker.once('exit', (code) =>
    code === 0 ? resolve() : reject(new Error(`copy worker exited with ${code}`)),
  )
  await promise
}
