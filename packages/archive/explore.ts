/** What each layer of an image does to the file system below it. For a worker: it blocks. */
import { applyLayer, emptyTree, type Node, roomForObjects, sameNode } from './layer-tree.ts'
import type { ExploredFile, ExploredLayer, ExploreLayer } from './messages.ts'

/**
 * Tells of each layer, base first, and then of what it adds, changes and removes. A directory that a layer has only because
 * something is in it is not told. Throws InvalidParameter for more objects than can be held.
 */
export function exploreLayers(
  layers: readonly ExploreLayer[],
  tell: (line: ExploredLayer | ExploredFile) => void,
): void {
  const tree = emptyTree()
  const room = roomForObjects()
  for (const each of layers) {
    tell({ layer: each.layer, createdBy: each.createdBy })
    const linked = new Set<bigint>()
    applyLayer(tree, each, room, (path, before, after) => {
      if (after === null) return tellRemoved(before as Node, path, tell)
      if (before === undefined) return tell({ ...described(path, 'added', after, linked), hides: 0 })
      if (before.isDirectory && after.children !== before.children) tellChildren(before, path, tell)
      const isSame = after.isDirectory && before.isDirectory && sameNode(before, after)
      if (isSame) return
      tell({ ...described(path, 'changed', after, linked), hides: Number(before.info.size) })
    })
  }
}

function tellRemoved(node: Node, path: string, tell: (line: ExploredFile) => void): void {
  const size = Number(node.info.size)
  tell({ path, kind: 'removed', size, hides: size, mode: Number(node.info.mode), ...ownerOf(node) })
  tellChildren(node, path, tell)
}

function tellChildren(node: Node, path: string, tell: (line: ExploredFile) => void): void {
  for (const [name, child] of node.children) tellRemoved(child, `${path}/${name}`, tell)
}

const ownerOf = ({ info }: Node) => ({ uid: Number(info.uid), gid: Number(info.gid) })

/** A file with several names takes its space once. */
function described(path: string, kind: 'added' | 'changed', node: Node, linked: Set<bigint>) {
  const isCounted = node.isDirectory || !linked.has(node.info.ino)
  if (!node.isDirectory) linked.add(node.info.ino)
  const size = isCounted ? Number(node.info.size) : 0
  return { path, kind, size, mode: Number(node.info.mode), ...ownerOf(node) }
}
