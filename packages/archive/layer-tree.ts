/** The file systems that layers make, one on top of the other. For a worker: it blocks. */
import { type BigIntStats, closeSync, constants, openSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { readLinkOf } from '@gantry/syscall'
import type { LayerDirectory } from './messages.ts'
import { isOpaque, isWhiteout } from './upper.ts'
import { type Walked, walkTree } from './walk.ts'

/** More than images have; each takes some hundred bytes of memory. */
const mostObjects = 2_000_000

/** How many more objects are held. */
export interface Room {
  left: number
}

/** Room for one comparison: its trees together hold so many objects and no more. */
export const roomForObjects = (): Room => ({ left: mostObjects })

/** An object of the merged tree. */
export interface Node {
  layer: string
  info: Pick<BigIntStats, 'mode' | 'uid' | 'gid' | 'rdev' | 'size' | 'mtimeNs' | 'ino' | 'dev' | 'nlink'>
  isDirectory: boolean
  linkTarget?: string
  children: Map<string, Node>
}

/** Hears of what a layer has: `before` is what it covers, `after` is null for what it removes. */
export type Observer = (path: string, before: Node | undefined, after: Node | null) => void

/** The root of a tree without layers: a directory with nothing in it, to put layers on. */
export const emptyTree = (): Node => ({
  layer: '',
  info: { mode: 0n, uid: 0n, gid: 0n, rdev: 0n, size: 0n, mtimeNs: 0n, ino: 0n, dev: 0n, nlink: 1n },
  isDirectory: true,
  children: new Map(),
})

/** Throws InvalidParameter when there is none. */
export function takeRoom(room: Room): void {
  if (room.left-- === 0)
    throw new GantryError('InvalidParameter', `more than ${mostObjects} files to compare`)
}

/** Puts a layer on top of a tree, as overlay does. */
export function applyLayer(
  root: Node,
  { directory, layer }: LayerDirectory,
  room: Room,
  observe: Observer = () => {},
): void {
  const top = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  /** The directories on the way to the present object. */
  const parents: { path: string; node: Node }[] = [{ path: '', node: root }]
  try {
    for (const entry of walkTree(top, { left: (path) => path !== '' && parents.pop() })) {
      if (entry.path === '') continue
      const parent = parents.at(-1)?.node as Node
      const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
      const before = parent.children.get(name)
      if (isWhiteout(entry.info)) {
        if (before) observe(`/${entry.path}`, before, null)
        parent.children.delete(name)
        continue
      }
      takeRoom(room)
      const node = nodeOf(entry, layer, before)
      observe(`/${entry.path}`, before, node)
      parent.children.set(name, node)
      if (node.isDirectory) parents.push({ path: entry.path, node })
    }
  } finally {
    closeSync(top)
  }
}

function nodeOf({ fd, info }: Walked, layer: string, below: Node | undefined): Node {
  const { mode, uid, gid, rdev, size, mtimeNs, ino, dev, nlink } = info
  const isDirectory = info.isDirectory()
  const merges = isDirectory && below?.isDirectory && !isOpaque(fd)
  return {
    layer,
    info: { mode, uid, gid, rdev, size: info.isFile() ? size : 0n, mtimeNs, ino, dev, nlink },
    isDirectory,
    ...(info.isSymbolicLink() && { linkTarget: readLinkOf(fd).toString('latin1') }),
    children: merges ? below.children : new Map(),
  }
}

/** Whether kind, owner, mode, size, time and link target are the same; of directories owner and mode. */
export function sameNode(a: Node, b: Node): boolean {
  const [x, y] = [a.info, b.info]
  if (x.ino === y.ino && x.dev === y.dev) return true
  const same = x.mode === y.mode && x.uid === y.uid && x.gid === y.gid && x.rdev === y.rdev
  if (!same || a.isDirectory) return same
  return x.size === y.size && x.mtimeNs === y.mtimeNs && a.linkTarget === b.linkTarget
}
