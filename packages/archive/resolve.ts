/** Paths that a user names in a container: found by the kernel inside the root. */
import { type BigIntStats, closeSync, constants, fstatSync, readlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { GantryError } from '@gantry/errors'
import { bytesOfName, textOfName } from '@gantry/oci'
import { openBeneath, openInRoot, SystemCallError } from '@gantry/syscall'
import { pathOf } from './descriptor-path.ts'
import { isKernelFileSystem } from './walk.ts'

const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants

/** What a path names. */
export interface PathStat {
  name: string
  size: number
  /** The permission and type bits of Go's os.FileMode. */
  mode: number
  /** RFC 3339 with nanoseconds. */
  mtime: string
  /** Where a symbolic link leads inside the root, followed to its end; empty for all else. */
  linkTarget: string
}

/** An object that a path names, itself and not what it points to, with an O_PATH descriptor to be closed. */
export interface Resolved {
  fd: number
  info: BigIntStats
  /** Absolute, cleaned, with a slash or `/.` at its end where the user wrote one. */
  path: string
}

/** Absolute and without `..`; a slash or `/.` at the end says that a directory is meant, and is kept. */
function absolutePath(path: string): string {
  const clean = posix.join('/', path).replace(/(.)\/$/, '$1')
  if (posix.basename(path) === '.') return `${clean === '/' ? '' : clean}/.`
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean
}

/** Throws NotFound, with the path as its message, when nothing is there. */
export function resolve(root: number, userPath: string): Resolved {
  const path = absolutePath(userPath)
  const slash = path.lastIndexOf('/')
  const base = path.slice(slash + 1)
  try {
    const fd = openNamed(root, path.slice(0, slash) || '/', base === '.' ? '' : base)
    // Of /proc and its like only the directory on which they are mounted is shown.
    if (isKernelFileSystem(fd) && !isTop(root, path)) {
      closeSync(fd)
      throw notFound(userPath)
    }
    return { fd, info: fstatSync(fd, { bigint: true }), path }
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    if (error.code === 'ENOTDIR') throw new GantryError('InvalidParameter', `lstat ${path}: not a directory`)
    if (error.code === 'ELOOP') throw new GantryError('InvalidParameter', `too many links in ${path}`)
    // A magic link of /proc leads out of the root.
    if (error.code === 'ENOENT' || error.code === 'EXDEV') throw notFound(userPath)
    throw error
  }
}

const notFound = (path: string) => new GantryError('NotFound', path)

function openNamed(root: number, directory: string, base: string): number {
  const parent = openInRoot(root, bytesOfName(directory), O_PATH | O_DIRECTORY)
  if (base === '') return parent
  try {
    return openBeneath(parent, bytesOfName(base), O_PATH | O_NOFOLLOW)
  } finally {
    closeSync(parent)
  }
}

/**
 * The directory that a path leads to, links followed, as an O_PATH descriptor. Throws NotFound, with the path as its
 * message, and InvalidParameter for what is no directory.
 */
export function resolveDirectory(root: number, userPath: string): number {
  const { fd, path } = resolve(root, absolutePath(userPath))
  closeSync(fd)
  try {
    const directory = openInRoot(root, bytesOfName(path), O_PATH | O_DIRECTORY)
    if (!isKernelFileSystem(directory)) return directory
    closeSync(directory)
    throw new GantryError('Forbidden', `${path} is a file system of the kernel`)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    if (error.code === 'ENOTDIR')
      throw new GantryError('InvalidParameter', 'extraction point is not a directory')
    if (error.code === 'ELOOP') throw new GantryError('InvalidParameter', `too many links in ${path}`)
    if (error.code === 'ENOENT' || error.code === 'EXDEV') throw notFound(userPath)
    throw error
  }
}

/** Whether the directory above the path is on another kind of file system. */
function isTop(root: number, path: string): boolean {
  const above = posix.dirname(path.replace(/\/\.?$/, '') || '/')
  const fd = openInRoot(root, bytesOfName(above), O_PATH | O_DIRECTORY)
  try {
    return !isKernelFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}

/** What the API tells of an object. */
export function describe(root: number, { info, path }: Resolved): PathStat {
  return {
    name: posix.basename(path) || '/',
    size: Number(info.size),
    mode: goMode(info),
    mtime: timeText(info.mtimeNs),
    linkTarget: info.isSymbolicLink() ? followed(root, path) : '',
  }
}

const longestChain = 255

/** The path a symbolic link leads to inside the root; its last parts need not exist. */
function followed(root: number, path: string): string {
  let done: string[] = []
  let left = path.split('/').filter(Boolean)
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left
    left = rest
    if (name === '.') continue
    if (name === '..') {
      done = done.slice(0, -1)
      continue
    }
    const target = readLink(root, done, name)
    if (target === null) {
      done = [...done, name]
      continue
    }
    if (++links > longestChain)
      throw new GantryError('InvalidParameter', `too many links in ${JSON.stringify(path)}`)
    if (target.startsWith('/')) done = []
    left = [...target.split('/').filter(Boolean), ...left]
  }
  return `/${done.join('/')}`
}

/** Null for what is no link, or not there. */
function readLink(root: number, directory: string[], name: string): string | null {
  let parent: number | undefined
  try {
    parent = openInRoot(root, bytesOfName(`/${directory.join('/')}`), O_PATH | O_DIRECTORY)
    return textOfName(readlinkSync(pathOf(parent, bytesOfName(name)), 'buffer'))
  } catch {
    return null
  } finally {
    if (parent !== undefined) closeSync(parent)
  }
}

/** Go's os.FileMode has its own bits for types and for setuid, setgid and sticky. */
function goMode(info: BigIntStats): number {
  const mode = Number(info.mode)
  const bits = [
    info.isDirectory() ? 2 ** 31 : 0,
    info.isSymbolicLink() ? 2 ** 27 : 0,
    info.isBlockDevice() ? 2 ** 26 : 0,
    info.isFIFO() ? 2 ** 25 : 0,
    info.isSocket() ? 2 ** 24 : 0,
    info.isCharacterDevice() ? 2 ** 26 + 2 ** 21 : 0,
    mode & 0o4000 ? 2 ** 23 : 0,
    mode & 0o2000 ? 2 ** 22 : 0,
    mode & 0o1000 ? 2 ** 20 : 0,
  ]
  return bits.reduce((sum, bit) => sum + bit, mode & 0o777)
}

function timeText(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19)
  const fraction = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`
  return `${seconds}${digits}Z`
}
