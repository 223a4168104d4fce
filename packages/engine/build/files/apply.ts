/** Changes of a context that the daemon keeps. Blocks: for a worker thread. */
import { chmodSync, closeSync, constants, fchmodSync, futimesSync, utimesSync, writeSync } from 'node:fs'
import { TreeRoot } from '@gantry/archive'
import { bytesOfName } from '@gantry/oci'
import { makeLinkAt, makeNodeAt, makeSymlinkAt, NodeType, openBeneath } from '@gantry/syscall'

const { O_DIRECTORY, O_RDONLY, O_WRONLY, O_NOFOLLOW } = constants
const O_PATH = 0o10000000

/** Seconds since 1970. */
type Time = number

/** One change; paths are below the root, their directories are there. What has the name gives way. */
export type TreeChange =
  | { kind: 'remove'; path: string }
  | { kind: 'directory'; path: string }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'link'; path: string; target: string }
  /** A pipe, or a device with its major and minor number. */
  | {
      kind: 'node'
      path: string
      type: keyof typeof NodeType
      device: readonly [number, number]
      mode: number
      time: Time
    }
  /** A piece of a file: the first makes it. `end` comes with the last one. */
  | {
      kind: 'file'
      path: string
      first: boolean
      data: Uint8Array[]
      end?: { mode: number; time: Time }
    }
  /** When everything below a directory is in its place. */
  | { kind: 'attributes'; path: string; mode: number; time: Time }

/** Every path is resolved by the kernel inside of the root, and no link is followed. */
export function applyChanges(root: string, changes: readonly TreeChange[], stopped: () => void): void {
  const tree = TreeRoot.open(root)
  try {
    for (const change of changes) {
      stopped()
      applyChange(tree, change)
    }
  } finally {
    tree.close()
  }
}

function applyChange(tree: TreeRoot, change: TreeChange): void {
  const parts = change.path.split('/')
  if (change.kind === 'attributes') {
    setAttributes(tree.directory(parts), change)
    return
  }
  const directory = tree.directory(parts.slice(0, -1))
  const name = bytesOfName(parts.at(-1) as string)
  if (change.kind === 'file') {
    writeFile(tree, directory, name, change)
    return
  }
  tree.remove(directory, name)
  if (change.kind === 'symlink') makeSymlinkAt(directory, name, bytesOfName(change.target))
  else if (change.kind === 'directory') tree.directory(parts)
  else if (change.kind === 'node') makeNode(directory, name, change)
  else if (change.kind === 'link') link(tree, change.target.split('/'), tree.hold(directory), name)
}

function writeFile(
  tree: TreeRoot,
  directory: number,
  name: Buffer,
  { first, data, end }: Extract<TreeChange, { kind: 'file' }>,
): void {
  const fd = first
    ? tree.create(directory, name, 0o600)
    : openBeneath(directory, name, O_WRONLY | constants.O_APPEND | O_NOFOLLOW)
  try {
    for (const piece of data) for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at)
    if (!end) return
    fchmodSync(fd, end.mode)
    futimesSync(fd, end.time, end.time)
  } finally {
    closeSync(fd)
  }
}

/** It is never opened: to open a pipe waits, to open a device may act. */
function makeNode(
  directory: number,
  name: Buffer,
  { type, device: [major, minor], mode, time }: Extract<TreeChange, { kind: 'node' }>,
): void {
  makeNodeAt(directory, name, NodeType[type], major, minor)
  const fd = openBeneath(directory, name, O_PATH | O_NOFOLLOW)
  try {
    chmodSync(`/proc/self/fd/${fd}`, mode)
    utimesSync(`/proc/self/fd/${fd}`, time, time)
  } finally {
    closeSync(fd)
  }
}

/** `directory` is closed: looking up another one may close what the tree lends. */
function link(tree: TreeRoot, target: readonly string[], directory: number, name: Buffer): void {
  try {
    const from = tree.directory(target.slice(0, -1))
    makeLinkAt(from, bytesOfName(target.at(-1) as string), directory, name)
  } finally {
    closeSync(directory)
  }
}

function setAttributes(directory: number, { mode, time }: { mode: number; time: Time }): void {
  const fd = openBeneath(directory, '.', O_RDONLY | O_DIRECTORY)
  try {
    fchmodSync(fd, mode)
    utimesSync(`/proc/self/fd/${fd}`, time, time)
  } finally {
    closeSync(fd)
  }
}
