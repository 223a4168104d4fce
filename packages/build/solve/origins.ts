/** Trees that steps copy from or mount, ready to be read. */
import { GantryError } from '@gantry/errors'
import type { FileTree, Origin } from '../contracts.ts'
import type { SolveSession } from './solver.ts'

/** Whether it belongs to one build, and goes with it. */
export const isBorrowed = ({ kind }: Origin): boolean =>
  kind === 'context' || kind === 'http' || kind === 'git'

/** Opens an origin for as long as `stack` lives. Rejects with NotFound for a context that is not there. */
export async function openOrigin(
  session: SolveSession,
  origin: Origin,
  stack: AsyncDisposableStack,
): Promise<FileTree> {
  const { files, snapshots } = session.parts
  const { sources } = session.run.request
  const { signal } = session.run
  switch (origin.kind) {
    case 'snapshot': {
      const snapshot = await session.snapshot(origin.step)
      const view = stack.use(await snapshots.view(snapshot))
      return { ...files.tree(view.root), snapshot }
    }
    case 'documents':
      return stack.use(await files.documents(origin.documents))
    case 'http':
      return sources.http(origin.url, origin.checksum, signal)
    case 'git': {
      const checksum = origin.checksum === undefined ? {} : { checksum: origin.checksum }
      return sources.git(origin.url, { keepGitDir: origin.keepGitDir ?? false, ...checksum }, signal)
    }
    case 'context': {
      const tree = await sources.context(origin.name, session.run.contextPaths(origin.name))
      if (tree) return tree
      throw new GantryError('NotFound', `no build context ${JSON.stringify(origin.name)} was sent`)
    }
  }
}
