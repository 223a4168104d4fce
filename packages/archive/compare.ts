/** What differs between two file systems that are made of layers. For a worker: it blocks. */
import { type BigIntStats, closeSync, constants, openSync } from 'node:fs'
import { GantryError } from '@gantry/errors'
import { readLinkOf } from '@gantry/syscall'
import type { LayerDirectory, TreeDifference } from './messages.ts'
import { isOpaque, isWhiteout } from './upper.ts'
import { type Walked, walkTree } from './walk.ts'

/** More than images have; each takes some hundred bytes of memory. */
const mostObjects = 2_000_000

/** An object of the merged tree. */
interface Node {
  layer: string
  info: Pick<BigIntStats, 'mode' | 'uid' | 'gid' | 'rdev' | 'size' | 'mtimeNs' | 'ino' | 'dev'>
  isDirectory: boolean
  linkTarget?: string
  children: Map<string, Node>
}

/**
 * The differences from one chain of layers (base first) to another, in the order of their paths. Layers that both begin
 * with are read once. An object has changed when its kind, owner, mode, size, time or link target has, a directory when
 * its owner or mode has. Throws InvalidParameter for more objects than can be held.
 */
export function* compareLayers(
  from: readonly LayerDirectory[],
  to: readonly LayerDirectory[],
): Generator<TreeDifference> {
  const shared = from.findIndex(({ directory }, index) => directory !== to[index]?.directory)
  const count = shared < 0 ? from.length : shared
  const room = { left: mostObjects }
  const base = emptyTree()
  for (const layer of from.slice(0, count)) apply(base, layer, room)
  const old = copyOf(base, room)
  for (const layer of from.slice(count)) apply(old, layer, room)
  for (const layer of to.slice(count)) apply(base, layer, room)
  yield* differences(old, base, '')
}

const emptyTree = (): Node => ({
  layer: '',
  info: { mode: 0n, uid: 0n, gid: 0n, rdev: 0n, size: 0n, mtimeNs: 0n, ino: 0n, dev: 0n },
  isDirectory: true,
  children: new Map(),
})

function takeRoom(room: { left: number }): void {
  if (room.left-- === 0)
    throw new GantryError('InvalidParameter', `more than ${mostObjects} files to compare`)
}

function copyOf(node: Node, room: { left: number }): Node {
  takeRoom(room)
  const children = new Map([...node.children].map(([name, child]) => [name, copyOf(child, room)]))
  return { ...node, children }
}

/** Puts a layer on top of a tree, as overlay does. */
function apply(root: Node, { directory, layer }: LayerDirectory, room: { left: number }): void {
  const top = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  /** The directories on the way to the present object. */
  const parents: { path: string; node: Node }[] = [{ path: '', node: root }]
  try {
    for (const entry of walkTree(top, { left: (path) => path !== '' && parents.pop() })) {
      if (entry.path === '') continue
      const parent = parents.at(-1)?.node as Node
      const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
      if (isWhiteout(entry.info)) {
        parent.children.delete(name)
        continue
      }
      takeRoom(room)
      const node = nodeOf(entry, layer, parent.children.get(name))
      parent.children.set(name, node)
      if (node.isDirectory) parents.push({ path: entry.path, node })
    }
  } finally {
    closeSync(top)
  }
}

function nodeOf({ fd, info }: Walked, layer: string, below: Node | undefined): Node {
  const { mode, uid, gid, rdev, size, mtimeNs, ino, dev } = info
  const isDirectory = info.isDirectory()
  const merges = isDirectory && below?.isDirectory && !isOpaque(fd)
  return {
    layer,
    info: { mode, uid, gid, rdev, size: info.isFile() ? size : 0n, mtimeNs, ino, dev },
    isDirectory,
    ...(info.isSymbolicLink() && { linkTarget: readLinkOf(fd).toString('latin1') }),
    children: merges ? below.children : new Map(),
  }
}

function* differences(from: Node, to: Node, path: string): Generator<TreeDifference> {
  const names = [...new Set([...from.children.keys(), ...to.children.keys()])].sort()
  for (const name of names) {
    const [before, after] = [from.children.get(name), to.children.get(name)]
    const at = `${path}/${name}`
    if (after === undefined) yield* all(before as Node, at, 'removed')
    else if (before === undefined) yield* all(after, at, 'added')
    else {
      if (!sameNode(before, after)) yield described(after, at, 'changed')
      yield* differences(before, after, at)
    }
  }
}

function* all(node: Node, path: string, kind: 'added' | 'removed'): Generator<TreeDifference> {
  yield described(node, path, kind)
  for (const name of [...node.children.keys()].sort()) {
    yield* all(node.children.get(name) as Node, `${path}/${name}`, kind)
  }
}

const described = ({ layer, info }: Node, path: string, kind: TreeDifference['kind']): TreeDifference => ({
  path,
  kind,
  layer,
  size: Number(info.size),
})

function sameNode(a: Node, b: Node): boolean {
  const [x, y] = [a.info, b.info]
  if (x.ino === y.ino && x.dev === y.dev) return true
  const same = x.mode === y.mode && x.uid === y.uid && x.gid === y.gid && x.rdev === y.rdev
  if (!same || a.isDirectory) return same
  return x.size === y.size && x.mtimeNs === y.mtimeNs && a.linkTarget === b.linkTarget
}
