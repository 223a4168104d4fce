/** openat2(2): opening a path that the kernel keeps inside a directory, whatever symbolic links are on the way. */
import { closeSync, constants } from 'node:fs'
import { bind, check, SystemCallError } from './libc.ts'

const SYS_openat2 = 437
const RESOLVE_NO_XDEV = 0x01
const RESOLVE_NO_SYMLINKS = 0x04
const RESOLVE_BENEATH = 0x08
const RESOLVE_IN_ROOT = 0x10
const O_CLOEXEC = 0o2000000

const openat2 = bind(
  'long syscall(long number, int dirfd, const uint8_t *path, const void *how, size_t size)',
)

/** Opens `path` as a process whose root directory is `root` would see it: `..` and absolute links stay inside. */
export function openInRoot(root: number, path: string | Buffer, flags: number): number {
  return open(root, path, flags, RESOLVE_IN_ROOT)
}

/** Opens `path` below `directory`; a `..` that leads out, or any symbolic link on the way, is an error (EXDEV, ELOOP). */
export function openBeneath(directory: number, path: string | Buffer, flags: number): number {
  return open(directory, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)
}

/** Whether something is mounted on this name in an open directory, in whichever mount namespace that directory is. */
export function isMountPoint(directory: number, name: Buffer): boolean {
  const O_PATH = 0o10000000
  try {
    closeSync(open(directory, name, O_PATH | constants.O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_XDEV))
    return false
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EXDEV') return true
    throw error
  }
}

/** struct open_how { u64 flags; u64 mode; u64 resolve } */
function open(directory: number, path: string | Buffer, flags: number, resolve: number): number {
  const how = Buffer.alloc(24)
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
  how.writeBigUInt64LE(BigInt(resolve), 16)
  const name = Buffer.concat([Buffer.from(path), Buffer.of(0)])
  for (let attempt = 1; ; attempt++) {
    try {
      return check('openat2', openat2(SYS_openat2, directory, name, how, how.length), path.toString())
    } catch (error) {
      // The kernel gives up with EAGAIN when something on the path is renamed at that moment.
      if (!(error instanceof SystemCallError) || error.code !== 'EAGAIN' || attempt === 100) throw error
    }
  }
}
