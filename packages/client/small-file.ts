/**
 * Small files, read without `node:fs` where Bun has what it takes: a start without that module is shorter by a tenth. Only for
 * files that are written as a whole and renamed, as those of a configuration are.
 */
import { bun } from './bun.ts'

/** What a file holds, as text. Throws the error of the system call. */
export function readSmallFile(path: string): string {
  if (bun === null) return readByNode(path)
  try {
    const { buffer, byteOffset, byteLength } = bun.mmap(path)
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
  } catch (error) {
    if (isMissing(error)) throw error
    // What is empty or no regular file cannot be mapped.
    return readByNode(path)
  }
}

/** Whether there is something at `path`. */
export function isThere(path: string): boolean {
  if (bun === null) return process.getBuiltinModule('node:fs').existsSync(path)
  try {
    bun.mmap(path)
    return true
  } catch (error) {
    return !isMissing(error)
  }
}

const readByNode = (path: string): string => process.getBuiltinModule('node:fs').readFileSync(path, 'utf8')

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
