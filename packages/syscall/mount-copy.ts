/** Copies of the mounts of another mount namespace (mount_namespaces(7), open_tree(2), move_mount(2)). */
import { closeSync, openSync } from 'node:fs'
import { bind, check } from './libc.ts'

const unshare = bind('int unshare(int flags)')
const setns = bind('int setns(int fd, int type)')
const openTree = bind('long syscall(long number, int directory, const char *path, unsigned int flags)')
const mountSetattr = bind(
  'long syscall(long number, int directory, const char *path, unsigned int flags, void *attributes, size_t size)',
)
const moveMount = bind(
  'long syscall(long number, int fromFd, const char *from, int toFd, const char *to, unsigned int flags)',
)

const CLONE_FS = 0x200
const CLONE_NEWNS = 0x20000
const SYS_open_tree = 428
const SYS_move_mount = 429
const SYS_mount_setattr = 442
const OPEN_TREE_CLONE = 1
const OPEN_TREE_CLOEXEC = 0o2000000
const AT_RECURSIVE = 0x8000
const AT_EMPTY_PATH = 0x1000
const AT_FDCWD = -100
const MOVE_MOUNT_F_EMPTY_PATH = 4
const MS_PRIVATE = 1n << 18n

/**
 * All that is mounted in a mount namespace, from its root on, as a descriptor of a copy that is attached nowhere: what
 * is mounted or unmounted here or there later, the other does not see. The calling thread goes into the namespace for
 * good, so it is to be a worker that ends. Throws SystemCallError.
 */
export function copyMounts(namespace: string): number {
  const fd = openSync(namespace, 'r')
  try {
    // Threads share their root and working directory, which a thread that changes its mounts must not.
    check('unshare', unshare(CLONE_FS), 'CLONE_FS')
    check('setns', setns(fd, CLONE_NEWNS), namespace)
  } finally {
    closeSync(fd)
  }
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE
  const tree = check('open_tree', openTree(SYS_open_tree, AT_FDCWD, '/', flags), '/')
  try {
    const attributes = Buffer.alloc(32)
    attributes.writeBigUInt64LE(MS_PRIVATE, 16)
    const result = mountSetattr(SYS_mount_setattr, tree, '', AT_EMPTY_PATH | AT_RECURSIVE, attributes, 32)
    check('mount_setattr', result, 'private')
    return tree
  } catch (error) {
    closeSync(tree)
    throw error
  }
}

/** Attaches detached mounts at a directory. The descriptor stays the caller's. */
export function attachMounts(tree: number, target: string): void {
  const result = moveMount(SYS_move_mount, tree, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH)
  check('move_mount', result, target)
}
