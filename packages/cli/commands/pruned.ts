/** What a prune removed, as text (empty for nothing), and the bytes that this gave back. */
export interface Pruned {
  readonly text: string
  readonly space: number
}
