import { createReadStream, createWriteStream } from 'node:fs'
import { access, rename, rm, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import type { RotationFaults } from './rotate.ts'

const chunkBytes = 256 * 1024

/**
 * Replaces a file that nobody writes any more by `<path>.gz` with the same times. The work is done on threads of libuv's
 * pool. Interrupted at any point it leaves the one or the other whole, and can be asked for again. Rejects with AbortError.
 */
export async function compressFile(path: string, faults: RotationFaults, signal: AbortSignal): Promise<void> {
  const compressed = `${path}.gz`
  // The name is only given to a whole file: the last step of an earlier attempt is missing.
  if (!(await exists(compressed))) {
    const unfinished = `${compressed}.tmp`
    try {
      await pack(path, unfinished, signal)
      faults('log.compress.written')
      await rename(unfinished, compressed)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw error
    }
    faults('log.compress.renamed')
  }
  await rm(path, { force: true })
}

async function pack(path: string, to: string, signal: AbortSignal): Promise<void> {
  await pipeline(
    createReadStream(path, { highWaterMark: chunkBytes }),
    createGzip({ chunkSize: chunkBytes, level: constants.Z_BEST_SPEED }),
    createWriteStream(to, { mode: 0o600, flush: true }),
    { signal },
  )
  const { atime, mtime } = await stat(path)
  await utimes(to, atime, mtime)
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
