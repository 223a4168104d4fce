/** Making device nodes and links, and carrying owner, mode, times and attributes from one inode to another. */
import { type BigIntStats, chmodSync, chownSync, fstatSync } from 'node:fs'
import { bind, check, SystemCallError } from './libc.ts'

/** open(2): a descriptor that only names an object. Not in Node's constants. */
export const O_PATH = 0o10000000

const AT_FDCWD = -100
const AT_SYMLINK_FOLLOW = 0x400

const mknod = bind('int mknod(const uint8_t *path, unsigned int mode, uint64_t device)')
const linkat = bind(
  'int linkat(int olddirfd, const char *oldpath, int newdirfd, const uint8_t *newpath, int flags)',
)
const utimensat = bind('int utimensat(int dirfd, const char *path, const void *times, int flags)')
const listxattr = bind('long listxattr(const char *path, _Out_ uint8_t *list, size_t size)')
const getxattr = bind('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)')
const setxattr = bind(
  'int setxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)',
)

/** mknod(2): a device, pipe or socket with the type and device number that `like` has. */
export function makeNode(path: Buffer, like: Pick<BigIntStats, 'mode' | 'rdev'>): void {
  check('mknod', mknod(terminated(path), Number(like.mode & 0o170000n) | 0o600, like.rdev))
}

/** linkat(2): one more name, `name` in the open directory, for the object that `existing` (maybe O_PATH) is open on. */
export function linkNode(existing: number, directory: number, name: Buffer): void {
  const path = `/proc/self/fd/${existing}`
  check('linkat', linkat(AT_FDCWD, path, directory, terminated(name), AT_SYMLINK_FOLLOW))
}

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

const terminated = (text: Buffer) => Buffer.concat([text, Buffer.of(0)])
