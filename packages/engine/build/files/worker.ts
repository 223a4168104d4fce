/** The thread that does file jobs, one after another. */
import { parentPort } from 'node:worker_threads'
import { describeError, TreeRoot } from '@gantry/archive'
import { GantryError } from '@gantry/errors'
import { SystemCallError } from '@gantry/syscall'
import { applyChanges } from './apply.ts'
import { copyTree } from './copy.ts'
import { destinationIn } from './destination.ts'
import { digestTree } from './digest.ts'
import { DigestMemo } from './digest-memo.ts'
import { compareListings, Listing } from './listing.ts'
import { finishMade } from './made-directories.ts'
import type { FileJob, FromThread, ToThread } from './messages.ts'

const port = parentPort as NonNullable<typeof parentPort>

port.on('message', async ({ job, stop }: ToThread) => {
  const stopped = (): void => {
    if (Atomics.load(stop, 0) === 1) throw new GantryError('Cancelled', 'the copy was given up')
  }
  const reply = (message: FromThread): void => port.postMessage(message)
  try {
    reply({ kind: 'done', answer: await work(job, stopped) })
  } catch (error) {
    reply({ kind: 'failed', error: describeError(error) })
  }
})

async function work(job: FileJob, stopped: () => void): Promise<string> {
  if (job.kind === 'packages' || job.kind === 'bill' || job.kind === 'subjects')
    return await attest(job, stopped)
  if (job.kind === 'digest') {
    const memo = new DigestMemo(job.memo)
    const listing = new Listing()
    const digest = digestTree(job.root, job.selection, stopped, { memo, listing })
    memo.save()
    return `${digest} ${listing.bytes().toString('base64')}`
  }
  if (job.kind === 'compare') return JSON.stringify(compareListings(job.before, job.now))
  if (job.kind === 'copy') await copyTree(job.request, stopped)
  else if (job.kind === 'apply') applyChanges(job.root, job.changes, stopped)
  else makeDirectory(job)
  return ''
}

/** What does this is loaded only for builds that ask for it. */
async function attest(
  job: Extract<FileJob, { kind: 'packages' | 'bill' | 'subjects' }>,
  stopped: () => void,
): Promise<string> {
  const { digestFiles, scanPackages } = await import('../attest/packages/scan.ts')
  if (job.kind === 'packages') return JSON.stringify(scanPackages(job.root, stopped))
  const { nestedJson } = await import('../attest/statement.ts')
  if (job.kind === 'subjects') return nestedJson(digestFiles(job.root, stopped), 2)
  const { billOfMaterials } = await import('../attest/sbom.ts')
  return nestedJson(billOfMaterials(JSON.parse(job.scan), job.subject), job.indent)
}

/** Throws InvalidParameter where a file has the name. */
function directoryOf(tree: TreeRoot, parts: string[], path: string): void {
  try {
    tree.directory(parts)
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'ENOTDIR') throw error
    throw new GantryError('InvalidParameter', `Cannot mkdir: ${path} is not a directory`, { cause: error })
  }
}

/** Made with its parents when it is missing; only what is new gets the owner. */
function makeDirectory({ root, path, owner }: Extract<FileJob, { kind: 'directory' }>): void {
  const tree = TreeRoot.open(root)
  try {
    const parts = destinationIn(root, path).split('/').filter(Boolean)
    directoryOf(tree, parts, path)
    finishMade(tree, owner)
  } finally {
    tree.close()
  }
}
