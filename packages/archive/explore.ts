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
  const names = new Names()
  for (const each of layers) {
    tell({ layer: each.layer, createdBy: each.createdBy })
    applyLayer(tree, each, room, (path, before, after) => {
      if (after === null) return tellRemoved(before as Node, path, names, tell)
      if (before === undefined) return tell({ ...described(path, 'added', after, names), hides: 0 })
      if (before.isDirectory && after.children !== before.children) tellChildren(before, path, names, tell)
      const isSame = after.isDirectory && before.isDirectory && sameNode(before, after)
      if (isSame) return
      const hides = names.hiddenBytes(before)
      tell({ ...described(path, 'changed', after, names), hides })
    })
  }
}

/** A file with several names takes its space once, and wastes it when the last of them is hidden. */
class Names {
  readonly #seen = new Map<string, number>()

  /** Bytes that a name more takes. */
  addedBytes(node: Node): number {
    const count = this.#change(node, 1)
    return count > 1 ? 0 : Number(node.info.size)
  }

  /** Bytes that nobody sees with a name less. */
  hiddenBytes(node: Node): number {
    const count = this.#change(node, -1)
    return count > 0 ? 0 : Number(node.info.size)
  }

  /** How many names there are now; only of files with several is count kept. */
  #change({ info: { dev, ino, nlink }, isDirectory }: Node, by: number): number {
    if (isDirectory || nlink === 1n) return by
    const key = `${dev}:${ino}`
    const count = (this.#seen.get(key) ?? 0) + by
    this.#seen.set(key, count)
    return count
  }
}

function tellRemoved(node: Node, path: string, names: Names, tell: (line: ExploredFile) => void): void {
  const { size, mode } = node.info
  const hides = names.hiddenBytes(node)
  tell({ path, kind: 'removed', size: Number(size), hides, mode: Number(mode), ...ownerOf(node) })
  tellChildren(node, path, names, tell)
}

function tellChildren(node: Node, path: string, names: Names, tell: (line: ExploredFile) => void): void {
  for (const [name, child] of node.children) tellRemoved(child, `${path}/${name}`, names, tell)
}

const ownerOf = ({ info }: Node) => ({ uid: Number(info.uid), gid: Number(info.gid) })

const described = (path: string, kind: 'added' | 'changed', node: Node, names: Names) => ({
  path,
  kind,
  size: names.addedBytes(node),
  mode: Number(node.info.mode),
  ...ownerOf(node),
})
