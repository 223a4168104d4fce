/** What the view of `image explore` shows, and what keys do to it. */
import type { Layer } from './layers.ts'
import { type Kind, rowsOf, type TreeNode, type TreeRow, treeOf } from './tree.ts'

export type Pane = 'layers' | 'files'

const kindOfKey: Record<string, Kind> = { '1': 'added', '2': 'changed', '3': 'removed', '4': 'unchanged' }

/** What is shown of the layers, and what is chosen in it. */
export class ExploreState {
  readonly layers: readonly Layer[]
  pane: Pane = 'layers'
  layer = 0
  /** The row of the files that the cursor is on. */
  row = 0
  aggregated = true
  filter = ''
  /** The filter is being typed. */
  isTyping = false
  showsHelp = false
  readonly hidden = new Set<Kind>()
  readonly #folded = new Set<string>()
  #tree: { key: string; root: TreeNode } | undefined
  #rows: { key: string; rows: TreeRow[] } | undefined

  constructor(layers: readonly Layer[]) {
    this.layers = layers
    this.#foldAll()
  }

  get rows(): readonly TreeRow[] {
    const key = [this.layer, this.aggregated, this.filter, [...this.hidden], [...this.#folded]].join('\n')
    if (this.#rows?.key !== key) {
      this.#rows = { key, rows: rowsOf(this.#root(), { ...this, filter: this.filter, folded: this.#folded }) }
    }
    return this.#rows.rows
  }

  /** A key as the terminal sends it; `page` is how many rows a page has. False when the view is to be left. */
  press(key: string, page: number): boolean {
    if (key === '\x03') return false
    if (this.isTyping) this.#type(key)
    else if (this.showsHelp) this.showsHelp = false
    else if (key === 'q') return false
    else this.#command(key, page)
    this.row = Math.max(0, Math.min(this.row, this.rows.length - 1))
    return true
  }

  #command(key: string, page: number): void {
    const steps = stepsOf(key, page)
    const kind = kindOfKey[key]
    if (steps !== null) this.#move(steps)
    else if (kind) this.#toggle(kind)
    else if (key === '\t' || key === '\x1b[Z') this.pane = this.pane === 'layers' ? 'files' : 'layers'
    else if (key === 'a') this.aggregated = !this.aggregated
    else if (key === '/') this.isTyping = true
    else if (key === '\x1b') this.filter = ''
    else if (key === '?') this.showsHelp = true
    else if (key === '-') this.#foldAll()
    else if (key === '+') this.#folded.clear()
    else if (this.pane === 'files') this.#fold(key)
    else if (key === '\r' || key === '\x1b[C') this.pane = 'files'
  }

  #toggle(kind: Kind): void {
    if (!this.hidden.delete(kind)) this.hidden.add(kind)
  }

  #move(steps: number): void {
    if (this.pane === 'files') this.row += steps
    else this.layer = Math.max(0, Math.min(this.layer + steps, this.layers.length - 1))
  }

  #type(key: string): void {
    if (key === '\r') this.isTyping = false
    else if (key === '\x1b') {
      this.isTyping = false
      this.filter = ''
    } else if (key === '\x7f' || key === '\b') this.filter = this.filter.slice(0, -1)
    else if (key >= ' ') this.filter += key
    this.row = 0
  }

  /** Right opens, left closes or goes to the directory above, Enter and space do the other one. */
  #fold(key: string): void {
    const current = this.rows[this.row]
    if (!current) return
    const { path, children } = current.node
    const toggles = key === '\r' || key === ' '
    const canClose = children.size > 0 && current.isOpen
    if (key === '\x1b[C' || key === 'l' || (toggles && !current.isOpen)) this.#folded.delete(path)
    else if (((key === '\x1b[D' || key === 'h') && canClose) || (toggles && canClose)) this.#folded.add(path)
    else if (key === '\x1b[D' || key === 'h') {
      const above = path.slice(0, path.lastIndexOf('/'))
      const at = this.rows.findIndex(({ node }) => node.path === above)
      if (at >= 0) this.row = at
    }
  }

  /** Every directory of the image is closed. */
  #foldAll(): void {
    for (const { path } of this.layers.flatMap(({ files }) => files)) {
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
        const prefix = path.slice(0, end)
        if (end < path.length && this.#folded.has(prefix)) break
        this.#folded.add(prefix)
      }
    }
  }

  #root(): TreeNode {
    const key = `${this.layer} ${this.aggregated}`
    if (this.#tree?.key !== key) this.#tree = { key, root: treeOf(this.layers, this.layer, this.aggregated) }
    return this.#tree.root
  }
}

/** How far a key moves; null for one that does not. */
function stepsOf(key: string, page: number): number | null {
  if (key === '\x1b[A' || key === '\x1bOA' || key === 'k') return -1
  if (key === '\x1b[B' || key === '\x1bOB' || key === 'j') return 1
  if (key === '\x1b[5~' || key === '\x02') return -page
  if (key === '\x1b[6~' || key === '\x06') return page
  if (key === '\x1b[H' || key === '\x1b[1~' || key === 'g') return -Number.MAX_SAFE_INTEGER
  if (key === '\x1b[F' || key === '\x1b[4~' || key === 'G') return Number.MAX_SAFE_INTEGER
  return null
}
