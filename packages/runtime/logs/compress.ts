import { createReadStream, createWriteStream } from 'node:fs'
import { access, rename, rm, stat, utimes } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { RotationFaults } from './rotate.ts'

const chunkBytes = 256 * 1024

/**
 * Replaces a file that nobody writes any more by `<path>.gz` with the same times. The work is done on threads of libuv's
 * pool. Interrupted at any point it leaves the one or the other whole, and can be asked for again.
 */
export async function compressFile(path: string, faults: RotationFaults): Promise<void> {
  const compressed = `${path}.gz`
  // The name is only given to a whole file: the last step of an earlier attempt is missing.
  if (!(await exists(compressed))) {
    const unfinished = `${compressed}.tmp`
    await pipeline(
      createReadStream(path, { highWaterMark: chunkBytes }),
      createGzip({ chunkSize: chunkBytes }),
      createWriteStream(unfinished, { mode: 0o600, flush: true }),
    )
    const { atime, mtime } = await stat(path)
    await utimes(unfinished, atime, mtime)
    faults('log.compress.written')
    await rename(unfinished, compressed)
    faults('log.compress.renamed')
  }
  await rm(path, { force: true })
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
