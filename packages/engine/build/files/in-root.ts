/** What a path names in a root, links followed inside of it. Blocks: for a worker thread. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { bytesOfName } from '@gantry/oci'
import { openInRoot, SystemCallError } from '@gantry/syscall'
import { cleanPath } from './sources.ts'

const O_PATH = 0o10000000

/** Runs work with an O_PATH descriptor of a directory. Throws SystemCallError where it is none. */
export function withDirectory<T>(path: string, work: (fd: number) => T): T {
  const top = openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return work(top)
  } finally {
    closeSync(top)
  }
}

/** An O_PATH descriptor of it, the caller's; null when nothing is there. `top` is one of the root. */
export function openedIn(top: number, path: string): number | null {
  try {
    return openInRoot(top, bytesOfName(cleanPath(path) || '.'), O_PATH)
  } catch (error) {
    if (error instanceof SystemCallError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return null
    throw error
  }
}

/** What it is; null when nothing is there. */
export function findIn(root: string, path: string): { isDirectory: boolean; mode: number } | null {
  return withDirectory(root, (top) => {
    const found = openedIn(top, path)
    if (found === null) return null
    try {
      const info = fstatSync(found)
      return { isDirectory: info.isDirectory(), mode: info.mode & 0o7777 }
    } finally {
      closeSync(found)
    }
  })
}
