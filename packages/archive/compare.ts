/** What differs between two file systems that are made of layers. For a worker: it blocks. */
import {
  applyLayer,
  emptyTree,
  type Node,
  type Room,
  roomForObjects,
  sameNode,
  takeRoom,
} from './layer-tree.ts'
import type { LayerDirectory, TreeDifference } from './messages.ts'

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
  const room = roomForObjects()
  const base = emptyTree()
  for (const layer of from.slice(0, count)) applyLayer(base, layer, room)
  const old = copyOf(base, room)
  for (const layer of from.slice(count)) applyLayer(old, layer, room)
  for (const layer of to.slice(count)) applyLayer(base, layer, room)
  yield* differences(old, base, '')
}

function copyOf(node: Node, room: Room): Node {
  takeRoom(room)
  const children = new Map([...node.children].map(([name, child]) => [name, copyOf(child, room)]))
  return { ...node, children }
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
