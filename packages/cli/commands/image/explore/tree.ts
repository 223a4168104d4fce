/** The files of an image up to one of its layers, as a tree that can be folded and filtered. */
import type { ImageLayerFile } from '@gantry/api'
import type { Layer } from './layers.ts'

export type Kind = ImageLayerFile['kind'] | 'unchanged'

export interface TreeNode {
  name: string
  path: string
  kind: Kind
  /** Null for a directory that only leads to others. */
  file: ImageLayerFile | null
  isDirectory: boolean
  /** Bytes of the file, or of all that is below. */
  size: number
  children: Map<string, TreeNode>
}

const directoryType = 0o040000
const typeMask = 0o170000

const makeNode = (path: string, name: string, kind: Kind, file: ImageLayerFile | null): TreeNode => ({
  name,
  path,
  kind,
  file,
  isDirectory: file === null || (file.mode & typeMask) === directoryType,
  size: 0,
  children: new Map(),
})

/** With `aggregated` all that is there after this layer, and what it removed; otherwise only what it did itself. */
export function treeOf(layers: readonly Layer[], index: number, aggregated: boolean): TreeNode {
  const root = makeNode('', '', 'unchanged', null)
  for (const [at, { files }] of layers.slice(0, index + 1).entries()) {
    if (at < index && !aggregated) continue
    for (const file of files) put(root, file, at === index)
  }
  addUp(root)
  return root
}

function put(root: TreeNode, file: ImageLayerFile, isCurrent: boolean): void {
  const parts = file.path.split('/').slice(1)
  const name = parts.pop() as string
  let parent = root
  const isGone = file.kind === 'removed' && !isCurrent
  for (const part of parts) {
    let next = parent.children.get(part)
    if (!next) {
      // It went with its directory.
      if (isGone) return
      next = makeNode(`${parent.path}/${part}`, part, 'unchanged', null)
      parent.children.set(part, next)
    }
    parent = next
  }
  if (isGone) {
    parent.children.delete(name)
    return
  }
  const node = makeNode(file.path, name, isCurrent ? file.kind : 'unchanged', file)
  const before = parent.children.get(name)
  // A file in the place of a directory leads to what that had, as long as its removal is to be seen.
  if (before && (node.isDirectory || isCurrent)) node.children = before.children
  parent.children.set(name, node)
}

function addUp(node: TreeNode): number {
  let size = node.isDirectory || node.kind === 'removed' ? 0 : (node.file?.size ?? 0)
  if (node.kind === 'removed' && !node.isDirectory) node.size = node.file?.size ?? 0
  for (const child of node.children.values()) size += addUp(child)
  if (node.isDirectory || node.kind !== 'removed') node.size = size
  return size
}

export interface TreeRow {
  node: TreeNode
  depth: number
  isOpen: boolean
}

/**
 * The rows that are to be seen: below directories that are not in `folded`, of kinds that are not in `hidden`, with the
 * filter's text in their path (then folding does not count).
 */
export function rowsOf(
  root: TreeNode,
  { folded, hidden, filter }: { folded: ReadonlySet<string>; hidden: ReadonlySet<Kind>; filter: string },
): TreeRow[] {
  const rows: TreeRow[] = []
  const text = filter.toLowerCase()
  const visit = (node: TreeNode, depth: number): boolean => {
    const isOpen = filter !== '' || !folded.has(node.path)
    const at = rows.length
    rows.push({ node, depth, isOpen })
    let some = !hidden.has(node.kind) && node.path.toLowerCase().includes(text)
    const children = [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    // What a folded directory holds counts for whether it is shown itself.
    for (const child of children) if (visit(child, depth + 1)) some = true
    if (!some) rows.length = at
    else if (!isOpen) rows.length = at + 1
    return some
  }
  for (const child of [...root.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) visit(child, 0)
  return rows
}
