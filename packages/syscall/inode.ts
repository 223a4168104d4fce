/**
 * Carrying owner, mode, times and extended attributes from one inode to another, by descriptor: a name that is replaced
 * meanwhile does not get them.
 */
import { type BigIntStats, chmodSync, chownSync, fstatSync } from 'node:fs'
import { bind, check, SystemCallError } from './libc.ts'

/** open(2): a descriptor that only names an object. Not in Node's constants. */
export const O_PATH = 0o10000000

const AT_FDCWD = -100

const utimensat = bind('int utimensat(int dirfd, const char *path, const void *times, int flags)')
const listxattr = bind('long listxattr(const char *path, _Out_ uint8_t *list, size_t size)')
const getxattr = bind('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)')
const setxattr = bind(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
)

/** Copies owner, mode, extended attributes and times between two objects that are open (O_PATH will do). */
export function copyMetadata(source: number, target: number): void {
  const info = fstatSync(source, { bigint: true })
  const path = `/proc/self/fd/${target}`
  chownSync(path, Number(info.uid), Number(info.gid))
  if (!info.isSymbolicLink()) chmodSync(path, Number(info.mode & 0o7777n))
  copyXattrs(`/proc/self/fd/${source}`, path)
  setTimes(path, info)
}

/** Attributes of the overlay's own book-keeping mean nothing elsewhere. */
const skipped = /^(trusted|user)\.overlay\./

/** What a file system may refuse without the copy being wrong: it has no such attributes, or guards this one. */
const tolerated = ['ENOTSUP', 'EOPNOTSUPP', 'EPERM']

function copyXattrs(source: string, target: string): void {
  for (const name of xattrNames(source)) {
    if (skipped.test(name)) continue
    const value = grown('getxattr', (buffer) => getxattr(source, name, buffer, buffer.length))
    try {
      check('setxattr', setxattr(target, name, value, value.length, 0), name)
    } catch (error) {
      if (!(error instanceof SystemCallError) || !tolerated.includes(error.code)) throw error
    }
  }
}

function xattrNames(path: string): string[] {
  try {
    const list = grown('listxattr', (buffer) => listxattr(path, buffer, buffer.length))
    return list.toString().split('\0').slice(0, -1)
  } catch (error) {
    if (error instanceof SystemCallError && tolerated.includes(error.code)) return []
    throw error
  }
}

/** Calls with a small buffer, and again with the largest that Linux allows (64 KiB) when it did not fit. */
function grown(syscall: string, call: (buffer: Buffer) => number): Buffer {
  for (const size of [1024, 65536]) {
    const buffer = Buffer.alloc(size)
    try {
      return buffer.subarray(0, check(syscall, call(buffer)))
    } catch (error) {
      if (size === 65536 || !(error instanceof SystemCallError) || error.code !== 'ERANGE') throw error
    }
  }
  throw new Error('unreachable')
}

function setTimes(path: string, info: BigIntStats): void {
  const times = Buffer.alloc(32)
  times.writeBigInt64LE(info.atimeNs / 1_000_000_000n, 0)
  times.writeBigInt64LE(info.atimeNs % 1_000_000_000n, 8)
  times.writeBigInt64LE(info.mtimeNs / 1_000_000_000n, 16)
  times.writeBigInt64LE(info.mtimeNs % 1_000_000_000n, 24)
  check('utimensat', utimensat(AT_FDCWD, path, times, 0))
}
