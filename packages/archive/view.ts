/** The root directory that a request is about, opened in a worker thread. */
import { closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { bytesOfName } from '@gantry/oci'
import {
  cloneMount,
  enterPrivateMounts,
  type IdMapping,
  MountFlag,
  mount,
  mountOverlay,
  openInRoot,
  rootOf,
  SystemCallError,
  takeRootOf,
  UnmountFlag,
  unmount,
} from '@gantry/syscall'
import { TreeRoot } from './tree-root.ts'

const O_PATH = 0o10000000
const { O_RDONLY, O_DIRECTORY } = constants

export type TreeView =
  /** A directory that is open already, such as `/proc/<pid>/root`. The descriptor stays the caller's. */
  | { kind: 'open'; fd: number; users?: IdMapping }
  /** A file system without what is mounted in it. */
  | { kind: 'mount'; path: string }
  /** An overlay that is mounted for this work alone, where nobody else sees it. */
  | PrivateView

export interface PrivateView {
  kind: 'private'
  /** An empty directory to mount on. */
  directory: string
  /** Top first. */
  lower: string[]
  upper: string
  /** Absent for a view whose changes are thrown away. */
  work?: string
  /** The root may not be written. */
  readOnly: boolean
  /** Paths of files that are there at least, empty and executable, in a view whose changes are thrown away. */
  placeholders?: string[]
  /** In the order to mount. */
  mounts: ViewMount[]
  /** Archives tell of the users of this mapping; in the view, and in what is mounted in it, they are others. */
  users?: IdMapping
  /** A user namespace of that mapping. */
  namespace?: string
}

/** A directory or file of the host in the view. */
export interface ViewMount {
  source: string
  /** Resolved inside the view, made when it is missing. */
  destination: string
  readOnly: boolean
  /** With what is mounted in the source. */
  recursive: boolean
}

/** A view that is open in this thread. */
export interface OpenedView {
  /** A descriptor of its root directory. */
  root: number
  /** Takes it away. Throws when the thread cannot do without it: then it is to end. */
  close(): void
}

/** Opens a view. When this throws for a private one, the thread is to end. */
export function openView(view: TreeView): OpenedView {
  const leave = view.kind === 'private' ? enterPrivateMounts(view.directory, () => mountView(view)) : () => {}
  const root = openRoot(view)
  return {
    root,
    close() {
      closeSync(root)
      leave()
    },
  }
}

function openRoot(view: TreeView): number {
  if (view.kind === 'mount') return cloneMount(view.path)
  return openSync(view.kind === 'open' ? `/proc/self/fd/${view.fd}` : '/root', O_RDONLY | O_DIRECTORY)
}

/** Whose users the entries of archives are, when those in the view are others. */
export function usersOf(view: TreeView): IdMapping | undefined {
  return view.kind === 'mount' ? undefined : view.users
}

function mountView(view: PrivateView): void {
  const root = view.users && rootOf(view.users)
  const idMap = root && view.namespace !== undefined ? { idMap: { namespace: view.namespace, root } } : {}
  using _ = root ? takeRootOf(root) : undefined
  const target = `${view.directory}/root`
  mkdirSync(target)
  if (view.work !== undefined) {
    mountOverlay({ lower: view.lower, upper: view.upper, work: view.work, target, ...idMap })
  } else {
    const lower = [view.upper, ...view.lower]
    mountOverlay({ lower, target, ...idMap })
    if (!hasAll(target, view)) {
      // A process that the daemon starts in this moment has what was just open here, until it runs its program.
      unmount(target, UnmountFlag.detach)
      const [upper, work] = ['changes', 'work'].map((name) => `${view.directory}/${name}`) as [string, string]
      for (const path of [upper, work]) mkdirSync(path)
      mountOverlay({ lower, upper, work, target, ...idMap })
      for (const path of view.placeholders ?? []) placeFile(target, path)
    }
  }
  for (const each of view.mounts) bindMount(target, each)
  if (view.readOnly) remountReadOnly(target)
}

/** Whether there is a place for all that is put there. With nothing to make, the root is the container's as it is. */
function hasAll(root: string, { placeholders = [], mounts }: PrivateView): boolean {
  const top = openSync(root, O_PATH | O_DIRECTORY)
  try {
    for (const path of [...placeholders, ...mounts.map(({ destination }) => destination)])
      closeSync(openInRoot(top, bytesOfName(path), O_PATH))
    return true
  } catch (error) {
    if (error instanceof SystemCallError) return false
    throw error
  } finally {
    closeSync(top)
  }
}

/** Where the path leads to no place for a file, there is none. */
function placeFile(root: string, path: string): void {
  try {
    closeSync(mountPoint(root, path, false, 0o755))
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
  }
}

function bindMount(root: string, { source, destination, readOnly, recursive }: ViewMount): void {
  const fd = mountPoint(root, destination, statSync(source).isDirectory())
  try {
    const flags = MountFlag.bind | (recursive ? MountFlag.recursive : 0)
    mount({ source, target: `/proc/self/fd/${fd}`, type: '', flags })
  } finally {
    closeSync(fd)
  }
  if (!readOnly) return
  // Opened anew: now it is what was mounted there.
  const mounted = mountPoint(root, destination, true)
  try {
    remountReadOnly(`/proc/self/fd/${mounted}`)
  } finally {
    closeSync(mounted)
  }
}

function remountReadOnly(target: string): void {
  mount({ source: '', target, type: '', flags: MountFlag.bind | MountFlag.remount | MountFlag.readOnly })
}

/** An O_PATH descriptor of a path inside the root; made, with its parents, when it is missing. */
function mountPoint(root: string, destination: string, isDirectory: boolean, mode = 0o644): number {
  const top = openSync(root, O_PATH | O_DIRECTORY)
  try {
    return openInRoot(top, bytesOfName(destination), O_PATH)
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'ENOENT') throw error
    const tree = new TreeRoot(openSync(root, O_PATH | O_DIRECTORY))
    try {
      const parts = destination.split('/').filter((part) => part !== '' && part !== '.')
      if (isDirectory) tree.directory(parts)
      else closeSync(tree.create(tree.directory(parts.slice(0, -1)), bytesOfName(parts.at(-1) ?? ''), mode))
    } finally {
      tree.close()
    }
    return openInRoot(top, bytesOfName(destination), O_PATH)
  } finally {
    closeSync(top)
  }
}
