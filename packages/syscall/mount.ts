/** Mounting and unmounting: mount(2), umount2(2), and the file-descriptor API fsopen(2), fsconfig(2), fsmount(2), move_mount(2). */
import { closeSync } from 'node:fs'
import { bind, check } from './libc.ts'

const libcMount = bind(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
)
const libcUmount2 = bind('int umount2(const char *target, int flags)')
// The C library gained wrappers for these only in glibc 2.36; their numbers are the same on every architecture.
const fsopen = bind('long syscall(long number, const char *type, unsigned int flags)')
const fsconfig = bind(
  'long syscall(long number, int fd, unsigned int command, const char *key, const char *value, int aux)',
)
const fsmount = bind('long syscall(long number, int fd, unsigned int flags, unsigned int attributes)')
const moveMount = bind(
  'long syscall(long number, int fromFd, const char *from, int toFd, const char *to, unsigned int flags)',
)

const SYS_move_mount = 429
const SYS_fsopen = 430
const SYS_fsconfig = 431
const SYS_fsmount = 432

const FSOPEN_CLOEXEC = 1
const FSMOUNT_CLOEXEC = 1
const FSCONFIG_SET_FLAG = 0
const FSCONFIG_SET_STRING = 1
const FSCONFIG_CMD_CREATE = 6
const MOVE_MOUNT_F_EMPTY_PATH = 4
const AT_FDCWD = -100

/** Flags of mount(2). */
export const MountFlag = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const

/** Flags of umount2(2). */
export const UnmountFlag = { detach: 2, noFollow: 8 } as const

export interface MountRequest {
  source: string
  target: string
  type: string
  flags?: number
  /** File system options, comma separated. At most 4095 bytes. */
  data?: string
}

/** mount(2). Throws SystemCallError. */
export function mount({ source, target, type, flags = 0, data }: MountRequest): void {
  check('mount', libcMount(source, target, type, flags, data ?? null), target)
}

/** umount2(2). Throws SystemCallError: EINVAL when nothing is mounted there, EBUSY when it is in use. */
export function unmount(target: string, flags = 0): void {
  check('umount2', libcUmount2(target, flags), target)
}

/** A file system being configured, one option at a time, so that no list is too long for mount(2). */
export interface MountBuilder {
  type: string
  /** In this order. A value has at most 255 bytes; `true` sets a flag. */
  options: [key: string, value: string | true][]
  target: string
}

/** Creates a file system by fsopen(2) and attaches it at `target`. Throws SystemCallError, ENOSYS before Linux 5.2. */
export function mountByOptions({ type, options, target }: MountBuilder): void {
  const context = check('fsopen', fsopen(SYS_fsopen, type, FSOPEN_CLOEXEC), type)
  try {
    for (const [key, value] of options) {
      const result =
        value === true
          ? fsconfig(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, null, 0)
          : fsconfig(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0)
      check('fsconfig', result, key)
    }
    check('fsconfig', fsconfig(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0), 'create')
    const mounted = check('fsmount', fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0))
    try {
      check(
        'move_mount',
        moveMount(SYS_move_mount, mounted, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
        target,
      )
    } finally {
      closeSync(mounted)
    }
  } finally {
    closeSync(context)
  }
}
