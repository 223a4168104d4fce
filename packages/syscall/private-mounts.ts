/**
 * A mount namespace of the calling thread's own (mount_namespaces(7)): what is mounted in it nobody else sees, and it
 * goes with the thread, however that ends. For worker threads. Only synchronous calls act in it, since asynchronous ones
 * run on threads of libuv's pool.
 */
import { closeSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs'
import { bind, check } from './libc.ts'
import { MountFlag, mount, UnmountFlag, unmount } from './mount.ts'

const setns = bind('int setns(int fd, int type)')
const unshare = bind('int unshare(int flags)')
const chdir = bind('int chdir(const char *path)')
const pivotRoot = bind('long syscall(long number, const char *newRoot, const char *putOld)')
const openTree = bind('long syscall(long number, int dirfd, const char *path, unsigned int flags)')

const CLONE_NEWNS = 0x20000
const SYS_pivot_root = process.arch === 'arm64' ? 41 : 155
const SYS_open_tree = 428
const OPEN_TREE_CLONE = 1
const O_CLOEXEC = 0o2000000
const AT_FDCWD = -100

/**
 * Gives the calling thread mounts of its own: `directory` is an empty tmpfs, to be filled with whatever `fill` mounts in
 * it; then everything else but /proc is let go, so that nothing of the host is held or can be reached by a path any
 * more. After the call, what was `directory` is `/`. Returns the way back, which takes all these mounts away; it throws
 * when there is none, and then the thread is to end, as it is when this throws.
 */
export function enterPrivateMounts(directory: string, fill: () => void): () => void {
  const home = openSync('/proc/thread-self/ns/mnt', 'r')
  try {
    const root = rootIdentity()
    enter(directory, fill)
    return () => {
      try {
        check('setns', setns(home, CLONE_NEWNS), 'mount namespace')
        if (rootIdentity() !== root) throw new Error('the root directory is another one than before')
      } finally {
        closeSync(home)
      }
    }
  } catch (error) {
    closeSync(home)
    throw error
  }
}

function rootIdentity(): string {
  const { dev, ino } = statSync('/')
  return `${dev}:${ino}`
}

function enter(directory: string, fill: () => void): void {
  check('unshare', unshare(CLONE_NEWNS), 'CLONE_NEWNS')
  mount({ source: '', target: '/', type: '', flags: MountFlag.recursive | MountFlag.slave })
  mount({ source: 'tmpfs', target: directory, type: 'tmpfs', data: 'mode=700' })
  fill()
  for (const name of ['proc', 'host']) mkdirSync(`${directory}/${name}`)
  mount({ source: '/proc', target: `${directory}/proc`, type: '', flags: MountFlag.bind })
  check('pivot_root', pivotRoot(SYS_pivot_root, directory, `${directory}/host`), directory)
  check('chdir', chdir('/'))
  unmount('/host', UnmountFlag.detach)
  rmdirSync('/host')
}

/**
 * The file system mounted at a path, and nothing that is mounted in it, as a directory's descriptor: a mount that is
 * attached nowhere and goes with its last descriptor. open_tree(2), Linux 5.2.
 */
export function cloneMount(path: string): number {
  const flags = OPEN_TREE_CLONE | O_CLOEXEC
  const tree = check('open_tree', openTree(SYS_open_tree, AT_FDCWD, path, flags), path)
  try {
    return openSync(`/proc/self/fd/${tree}`, 'r')
  } finally {
    closeSync(tree)
  }
}
