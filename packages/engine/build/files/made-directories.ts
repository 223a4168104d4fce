/** The directories that a copy or a WORKDIR makes on its way. Blocks: for a worker thread. */
import { chmodSync, chownSync } from 'node:fs'
import type { TreeRoot } from '@gantry/archive'

/**
 * Gives those that the tree has just made the owner, as BuildKit and the classic builder do, and the mode that `model` has for
 * their path; null leaves them root's, and 0755.
 */
export function finishMade(
  tree: TreeRoot,
  owner: { uid: number; gid: number } | null,
  model: (made: string) => number | null = () => null,
): void {
  for (const made of tree.implied()) {
    const path = `/proc/self/fd/${tree.directory(made.split('/'))}`
    if (owner) chownSync(path, owner.uid, owner.gid)
    const mode = model(made)
    if (mode !== null) chmodSync(path, mode)
  }
}
