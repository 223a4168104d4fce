/** The user database of an overlay that is not mounted: what its layers say, read as overlayfs would. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { getXattr, openBeneath, SystemCallError } from '@gantry/syscall'
import { parseGroup, parsePasswd, readIfRegular, type UserDatabase } from './user-database.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants

/** What one layer says of a name: nothing, that it is hidden from here down, or the thing itself, opened as a path. */
type Found = { kind: 'absent' | 'hidden' | 'link' } | { kind: 'directory' | 'other'; fd: number }

/**
 * Reads /etc/passwd and /etc/group from layers, top first. Null when a symbolic link is on the way, which only the
 * mounted whole can resolve.
 */
export function readLayeredUsers(layers: readonly string[]): UserDatabase | null {
  const passwd = readLayered(layers, 'passwd')
  const group = readLayered(layers, 'group')
  return passwd === null || group === null ? null : { passwd: parsePasswd(passwd), group: parseGroup(group) }
}

/** The text of a file in /etc: empty when there is none, null when a link would have to be followed. */
function readLayered(layers: readonly string[], name: string): string | null {
  for (const layer of layers) {
    const answer = readFrom(layer, name)
    if (answer !== undefined) return answer
  }
  return ''
}

/** Undefined when the layers below have a say. */
function readFrom(layer: string, name: string): string | null | undefined {
  const root = openSync(layer, O_PATH | O_DIRECTORY)
  try {
    const etc = lookUp(root, 'etc')
    if (!('fd' in etc)) return verdict(etc.kind)
    try {
      if (etc.kind === 'other') return ''
      const text = readFile(etc.fd, name)
      return text === undefined && isOpaque(etc.fd) ? '' : text
    } finally {
      closeSync(etc.fd)
    }
  } finally {
    closeSync(root)
  }
}

function readFile(etc: number, name: string): string | null | undefined {
  const file = lookUp(etc, name)
  if (!('fd' in file)) return verdict(file.kind)
  try {
    return readIfRegular(file.fd)
  } finally {
    closeSync(file.fd)
  }
}

function verdict(kind: 'absent' | 'hidden' | 'link'): string | null | undefined {
  return kind === 'absent' ? undefined : kind === 'hidden' ? '' : null
}

function lookUp(directory: number, name: string): Found {
  let fd: number
  try {
    fd = openBeneath(directory, name, O_PATH | O_NOFOLLOW)
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENOENT') return { kind: 'absent' }
    if (error instanceof SystemCallError && error.code === 'ELOOP') return { kind: 'link' }
    throw error
  }
  const status = fstatSync(fd)
  if (status.isDirectory()) return { kind: 'directory', fd }
  const whiteout = status.isCharacterDevice() && status.rdev === 0
  if (!whiteout && !status.isSymbolicLink()) return { kind: 'other', fd }
  closeSync(fd)
  return { kind: whiteout ? 'hidden' : 'link' }
}

/** Whether the layers below are not seen through this directory (Documentation/filesystems/overlayfs.rst). */
function isOpaque(directory: number): boolean {
  const path = Buffer.from(`/proc/self/fd/${directory}/.`)
  return getXattr(path, 'trusted.overlay.opaque')?.toString() === 'y'
}
