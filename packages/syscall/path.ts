/**
 * The `…at` system calls: making and removing one name in an open directory. A name is a single path component as
 * bytes, so nothing is resolved on the way and no symbolic link is followed.
 */
import { bind, bindAsync, check, SystemCallError } from './libc.ts'

const AT_REMOVEDIR = 0x200
const AT_SYMLINK_NOFOLLOW = 0x100

const O_WRONLY_CREAT_EXCL_NOFOLLOW_CLOEXEC = 0o1 | 0o100 | 0o200 | 0o400000 | 0o2000000

const openat = bind('int openat(int dirfd, const uint8_t *path, int flags, unsigned int mode)')
const mkdirat = bind('int mkdirat(int dirfd, const uint8_t *path, unsigned int mode)')
const symlinkat = bind('int symlinkat(const uint8_t *target, int dirfd, const uint8_t *path)')
const linkat = bind(
  'int linkat(int olddirfd, const uint8_t *oldpath, int newdirfd, const uint8_t *newpath, int flags)',
)
const mknodat = bind('int mknodat(int dirfd, const uint8_t *path, unsigned int mode, uint64_t device)')
const readlinkat = bind('long readlinkat(int dirfd, const char *path, void *target, size_t size)')
const unlinkat = bind('int unlinkat(int dirfd, const uint8_t *path, int flags)')
const utimensat = bind('int utimensat(int dirfd, const uint8_t *path, const void *times, int flags)')
const futimens = bind('int futimens(int fd, const void *times)')
const syncfs = bindAsync('int syncfs(int fd)')

/** The type bits of mknod(2). */
export const NodeType = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const

/** mkdirat(2); the umask applies. */
export function makeDirectoryAt(directory: number, name: Buffer, mode: number): void {
  check('mkdirat', mkdirat(directory, component(name), mode), name.toString())
}

/** Makes a new file and opens it for writing; null when the name is taken. The umask applies. */
export function createFileAt(directory: number, name: Buffer, mode: number): number | null {
  try {
    return check('openat', openat(directory, component(name), O_WRONLY_CREAT_EXCL_NOFOLLOW_CLOEXEC, mode))
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EEXIST') return null
    throw error
  }
}

/** symlinkat(2): any target, kept as it is. */
export function makeSymlinkAt(directory: number, name: Buffer, target: Buffer): void {
  check('symlinkat', symlinkat(terminated(target), directory, component(name)), name.toString())
}

/** linkat(2): a symbolic link is itself linked, not followed. */
export function makeLinkAt(fromDirectory: number, from: Buffer, directory: number, name: Buffer): void {
  const result = linkat(fromDirectory, component(from), directory, component(name), 0)
  check('linkat', result, name.toString())
}

/** mknodat(2). `type` is one of NodeType; the numbers are those of the device. */
export function makeNodeAt(directory: number, name: Buffer, type: number, major = 0, minor = 0): void {
  const result = mknodat(directory, component(name), type | 0o600, deviceNumber(major, minor))
  check('mknodat', result, name.toString())
}

/** unlinkat(2) of anything but a directory. */
export function removeFileAt(directory: number, name: Buffer): void {
  check('unlinkat', unlinkat(directory, component(name), 0), name.toString())
}

/** unlinkat(2) of an empty directory. */
export function removeDirectoryAt(directory: number, name: Buffer): void {
  check('unlinkat', unlinkat(directory, component(name), AT_REMOVEDIR), name.toString())
}

/** readlinkat(2) of a symbolic link that is open (O_PATH). */
export function readLinkOf(fd: number): Buffer {
  const target = Buffer.alloc(4096)
  return target.subarray(0, check('readlinkat', readlinkat(fd, '', target, target.length)))
}

/** utimensat(2): sets access and modification time, of a symbolic link itself. */
export function setTimesAt(
  directory: number,
  name: Buffer,
  time: { seconds: number; nanoseconds: number },
): void {
  const result = utimensat(directory, component(name), timesOf(time), AT_SYMLINK_NOFOLLOW)
  check('utimensat', result, name.toString())
}

/** futimens(3): sets access and modification time of an open file. */
export function setTimesOf(fd: number, time: { seconds: number; nanoseconds: number }): void {
  check('futimens', futimens(fd, timesOf(time)))
}

const times = Buffer.alloc(32)

/** Two struct timespec, in a buffer that the next call overwrites. */
function timesOf({ seconds, nanoseconds }: { seconds: number; nanoseconds: number }): Buffer {
  for (const offset of [0, 16]) {
    times.writeUInt32LE(seconds >>> 0, offset)
    times.writeInt32LE(Math.floor(seconds / 2 ** 32), offset + 4)
    times.writeInt32LE(nanoseconds, offset + 8)
  }
  return times
}

/** syncfs(2): everything written so far to the file system of this descriptor is on disk when it resolves. */
export async function syncFileSystem(fd: number): Promise<void> {
  if ((await syncfs(fd)) < 0) throw new Error('syncfs failed: not everything is on disk')
}

/** makedev(3), as glibc and the kernel count: 12 + 20 bits of major, 20 + 12 of minor. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n)
}

/** A slash would make the kernel resolve a path after all. */
function component(name: Buffer): Buffer {
  if (name.length === 0 || name.includes(0x2f)) throw new RangeError(`not a file name: ${name.toString()}`)
  return terminated(name)
}

const largestPath = 4096
/** Two, as some calls take two names. Reused, since a call is over when it returns. */
const scratch = [Buffer.alloc(largestPath + 1), Buffer.alloc(largestPath + 1)] as const
let turn: 0 | 1 = 0

/** The bytes with a zero after them; valid until the call after the next. */
function terminated(text: Buffer): Buffer {
  if (text.includes(0)) throw new RangeError(`a name with a zero byte: ${text.toString()}`)
  if (text.length > largestPath) return Buffer.concat([text, Buffer.of(0)])
  turn = turn === 0 ? 1 : 0
  const buffer = scratch[turn]
  text.copy(buffer)
  buffer[text.length] = 0
  return buffer
}
