/**
 * Carrying owner, mode, times and extended attributes from one inode to another, by descriptor: a name that is replaced
 * meanwhile does not get them.
 */
import { type BigIntStats, chmodSync, chownSync, fstatSync } from 'node:fs'
import { bind, check, SystemCallError } from './libc.ts'
import { setXattrOf, xattrsOf } from './xattr.ts'

/** open(2): a descriptor that only names an object. Not in Node's constants. */
export const O_PATH = 0o10000000

const AT_FDCWD = -100

const utimensat = bind('int utimensat(int dirfd, const char *path, const void *times, int flags)')
/** Copies owner, mode, extended attributes and times between two objects that are open (O_PATH will do). */
export function copyMetadata(source: number, target: number): void {
  const info = fstatSync(source, { bigint: true })
  const path = `/proc/self/fd/${target}`
  chownSync(path, Number(info.uid), Number(info.gid))
  if (!info.isSymbolicLink()) chmodSync(path, Number(info.mode & 0o7777n))
  copyXattrs(source, target)
  setTimes(path, info)
}

/** Attributes of the overlay's own book-keeping mean nothing elsewhere. */
const skipped = /^(trusted|user)\.overlay\./

/** What a file system may refuse without the copy being wrong: it has no such attributes, or guards this one. */
const tolerated = ['ENOTSUP', 'EOPNOTSUPP', 'EPERM']

function copyXattrs(source: number, target: number): void {
  for (const [name, value] of xattrsOf(source, (each) => !skipped.test(each))) {
    try {
      setXattrOf(target, name, value)
    } catch (error) {
      if (!(error instanceof SystemCallError) || !tolerated.includes(error.code)) throw error
    }
  }
}

function setTimes(path: string, info: BigIntStats): void {
  const times = Buffer.alloc(32)
  times.writeBigInt64LE(info.atimeNs / 1_000_000_000n, 0)
  times.writeBigInt64LE(info.atimeNs % 1_000_000_000n, 8)
  times.writeBigInt64LE(info.mtimeNs / 1_000_000_000n, 16)
  times.writeBigInt64LE(info.mtimeNs % 1_000_000_000n, 24)
  check('utimensat', utimensat(AT_FDCWD, path, times, 0))
}
