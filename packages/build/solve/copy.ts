/** COPY and ADD. */
import { posix } from 'node:path'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { digestOf as sha256 } from '@gantry/oci'
import type { CopyStep, FileCopy, FileTree, Snapshot } from '../contracts.ts'
import { contentOf, copyParts } from './key.ts'
import { isBorrowed, openOrigin } from './origins.ts'
import { emptySnapshot, type Prepared, type SolveSession } from './solver.ts'

/** Of a selection of patterns that nothing matches. */
const emptySelection = sha256('')

/** Reads what is to be copied, for the key; the copy itself is made when the key is not in the cache. */
export async function prepareCopy(session: SolveSession, step: CopyStep, input: Snapshot): Promise<Prepared> {
  if (session.run.request.classic) refuseClimbing(step)
  await using stack = new AsyncDisposableStack()
  const trees = await Promise.all(step.copies.map(({ origin }) => openOrigin(session, origin, stack)))
  const digests = await Promise.all(step.copies.map((copy, index) => digestOf(step, copy, trees[index])))
  // The classic builder wants at least one file, BuildKit takes none for an answer.
  if (session.run.request.classic && digests.every((digest) => digest === emptySelection))
    throw new GantryError('NotFound', 'no source files were specified')
  return {
    parts: copyParts(step, contentOf(input), digests),
    borrows: step.copies.some(({ origin }) => isBorrowed(origin)),
    execute: (signal) => copy(session, step, input, signal),
    ...(step.link && { place: (made) => session.parts.snapshots.stack(input, made) }),
  }
}

/** BuildKit takes `..` above the top for the top; the classic builder refuses it, and no pattern with it matches anything. */
function refuseClimbing({ copies }: CopyStep): void {
  const paths = copies.filter(({ origin }) => origin.kind === 'context' || origin.kind === 'snapshot')
  for (const source of paths.flatMap(({ sources }) => sources)) {
    const shown = source.replace(/^\//, '').replace(/^\.\//, '')
    if (!/^\.\.(\/|$)/.test(posix.normalize(`./${shown}`))) continue
    if (/[*?[\\]/.test(shown)) throw new GantryError('NotFound', 'no source files were specified')
    throw new GantryError('NotFound', `forbidden path outside the build context: ${shown} ()`)
  }
}

async function digestOf(step: CopyStep, { sources }: FileCopy, tree: FileTree | undefined): Promise<string> {
  try {
    return (await tree?.digest({ include: sources, exclude: step.exclude, followLinks: true })) ?? ''
  } catch (error) {
    if (!isKind(error, 'NotFound')) throw error
    throw new GantryError('NotFound', `failed to compute cache key: ${messageOf(error)}`, { cause: error })
  }
}

async function copy(
  session: SolveSession,
  step: CopyStep,
  input: Snapshot,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { files, snapshots } = session.parts
  await using stack = new AsyncDisposableStack()
  // A linked layer is made on nothing; names of owners are looked up where it will lie.
  const target = stack.use(await snapshots.open(step.link ? emptySnapshot : input))
  const root = await target.root()
  const owner = step.chown === undefined ? null : await ownerOf(session, step.chown, input, root, stack)
  for (const item of step.copies) {
    signal.throwIfAborted()
    const tree = await openOrigin(session, item.origin, stack)
    await files.copy({
      from: tree.root,
      sources: item.sources,
      to: root,
      dest: step.dest,
      owner,
      ...(step.chmod !== undefined && { chmod: step.chmod }),
      unpack: item.unpack,
      parents: step.parents,
      exclude: step.exclude,
      followLinks: true,
      signal,
    })
  }
  return await target.commit({ signal })
}

async function ownerOf(
  session: SolveSession,
  chown: string,
  input: Snapshot,
  root: string,
  stack: AsyncDisposableStack,
): Promise<{ uid: number; gid: number }> {
  const { files, snapshots } = session.parts
  if (/^\d+(:\d+)?$/.test(chown)) return files.owner(root, chown)
  const view = stack.use(await snapshots.view(input))
  return files.owner(view.root, chown)
}
