/** Id-mapped mounts: directories seen with the owners of a user namespace (mount_setattr(2), Linux 5.12). */
import { closeSync, openSync } from 'node:fs'
import { bind, check } from './libc.ts'

const openTree = bind('long syscall(long number, int directory, const char *path, unsigned int flags)')
const mountSetattr = bind(
  'long syscall(long number, int directory, const char *path, unsigned int flags, void *attributes, size_t size)',
)
const moveMount = bind(
  'long syscall(long number, int fromFd, const char *from, int toFd, const char *to, unsigned int flags)',
)
const capget = bind('int capget(void *header, void *data)')
const capset = bind('int capset(void *header, void *data)')
const setfsuid = bind('int setfsuid(unsigned int uid)')
const setfsgid = bind('int setfsgid(unsigned int gid)')
const prctl = bind('int prctl(int option, unsigned long argument)')

const SYS_open_tree = 428
const SYS_move_mount = 429
const SYS_mount_setattr = 442
const OPEN_TREE_CLONE = 1
const OPEN_TREE_CLOEXEC = 0o2000000
const AT_EMPTY_PATH = 0x1000
const AT_FDCWD = -100
const MOVE_MOUNT_F_EMPTY_PATH = 4
const MOUNT_ATTR_IDMAP = 0x00100000
const LINUX_CAPABILITY_VERSION_3 = 0x20080522
const PR_SET_DUMPABLE = 4

/** Whose ids are the owners, and who that namespace's root is in the host. */
export interface IdMap {
  /** A file of the user namespace. */
  namespace: string
  root: { uid: number; gid: number }
}

/**
 * Opens detached, id-mapped copies of directories, by whose descriptors `use` can reach them as long as it runs.
 * Throws SystemCallError: ENOSYS or EINVAL where the kernel or the file system cannot map ids.
 */
export function withIdMapped<T>(
  directories: readonly string[],
  { namespace }: IdMap,
  use: (paths: string[]) => T,
): T {
  const opened: number[] = []
  try {
    const user = openSync(namespace, 'r')
    opened.push(user)
    const copies = directories.map((directory) => {
      const copy = openIdMapped(directory, user)
      opened.push(copy)
      return `/proc/self/fd/${copy}`
    })
    return use(copies)
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

/**
 * Shows a directory or a file at `target` too, with the owners of the namespace; not what is mounted below it.
 * Throws SystemCallError, as `withIdMapped` does.
 */
export function bindIdMapped(source: string, target: string, { namespace }: IdMap): void {
  const opened: number[] = []
  try {
    const user = openSync(namespace, 'r')
    opened.push(user)
    const copy = openIdMapped(source, user)
    opened.push(copy)
    check(
      'move_mount',
      moveMount(SYS_move_mount, copy, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
      target,
    )
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

/** A copy of what is at `path` that is attached nowhere, with the owners of the namespace behind the descriptor `user`. */
function openIdMapped(path: string, user: number): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
  const copy = check('open_tree', openTree(SYS_open_tree, AT_FDCWD, path, flags), path)
  try {
    mapIds(copy, user, path)
    return copy
  } catch (error) {
    closeSync(copy)
    throw error
  }
}

/** struct mount_attr { u64 attr_set; u64 attr_clr; u64 propagation; u64 userns_fd } */
function mapIds(mounted: number, user: number, directory: string): void {
  const attributes = Buffer.alloc(32)
  attributes.writeBigUInt64LE(BigInt(MOUNT_ATTR_IDMAP), 0)
  attributes.writeBigUInt64LE(BigInt(user), 24)
  const result = mountSetattr(SYS_mount_setattr, mounted, '', AT_EMPTY_PATH, attributes, attributes.length)
  check('mount_setattr', result, directory)
}

/**
 * Runs a synchronous call with the file system ids of a namespace's root and all capabilities: overlayfs makes what it
 * needs for itself with the ids of who mounts it, and the host's own root does not exist on an id-mapped upper directory.
 */
export function asRootOf<T>({ root }: Pick<IdMap, 'root'>, work: () => T): T {
  using _ = takeRootOf(root)
  return work()
}

/** As `asRootOf`, until it is disposed of: for the calling thread, and for no asynchronous call of Node's. */
export function takeRootOf(root: { uid: number; gid: number }): Disposable {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(LINUX_CAPABILITY_VERSION_3, 0)
  const capabilities = Buffer.alloc(24)
  check('capget', capget(header, capabilities))
  // Both tell what was before.
  const before = { gid: setfsgid(root.gid), uid: setfsuid(root.uid) }
  const giveBack = () => {
    setfsuid(before.uid)
    setfsgid(before.gid)
    // Leaving or taking uid 0 changes those that are about files.
    check('capset', capset(header, capabilities))
    // To change ids makes a process unfit for core dumps and the like.
    prctl(PR_SET_DUMPABLE, 1)
  }
  try {
    check('capset', capset(header, capabilities))
  } catch (error) {
    giveBack()
    throw error
  }
  return { [Symbol.dispose]: giveBack }
}
