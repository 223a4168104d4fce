/**
 * A `.git` directory that is kept in a context, in a form that depends on the commit alone: not on when it was fetched, what
 * else the server has, or how that has packed it. Steps that read it come from the cache as long as the commit is the same.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type GitRun, git } from './program.ts'

/** What tells of past fetches and checkouts, and names that the server gives to other commits. */
const passing = ['logs', 'FETCH_HEAD', 'ORIG_HEAD', 'packed-refs', 'refs', 'index']

/** A branch or tag in full (`refs/tags/v1`), and the object that it names. */
interface Name {
  ref: string
  object: string
}

/**
 * Does so for the repository in `run.directory`, just fetched, and its submodules, whose HEADs are commits. Of all names the
 * branch or tag that was asked for stays, if it is `isNamed`, and was fetched alone. Rejects with GitFailure.
 */
export async function normalizeHistory(run: GitRun, isNamed: boolean): Promise<void> {
  const name = isNamed ? await fetchedName(run) : null
  const top = join(run.directory, '.git')
  await normalize(top, run, name)
  for (const module of await moduleDirectories(join(top, 'modules'))) await normalize(module, run, null)
}

/** What FETCH_HEAD tells of the first ref that was fetched. Null for a commit that has no name. */
async function fetchedName(run: GitRun): Promise<Name | null> {
  const told = await readFile(join(run.directory, '.git', 'FETCH_HEAD'), 'utf8').catch(() => '')
  const found = /^([0-9a-f]{40,64})\t\t(?:(?:(branch |tag |)'(.+)' of )|)/.exec(told)
  if (!found) return null
  const [, object = '', kind, ref] = found
  if (kind === 'branch ') return { ref: `refs/heads/${ref}`, object }
  if (kind === 'tag ') return { ref: `refs/tags/${ref}`, object }
  if (ref !== undefined) return ref.startsWith('refs/') ? { ref, object } : null
  const head = /^ref: (refs\/\S+)\tHEAD$/m.exec(await git(['ls-remote', '--symref', 'origin', 'HEAD'], run))
  return head?.[1] ? { ref: head[1], object } : null
}

async function normalize(directory: string, run: GitRun, name: Name | null): Promise<void> {
  const here = (...args: string[]): Promise<string> => git([`--git-dir=${directory}`, ...args], run)
  for (const each of passing) await rm(join(directory, each), { recursive: true, force: true })
  await mkdir(join(directory, 'refs', 'heads'), { recursive: true })
  if (name) await here('update-ref', name.ref, name.object)
  // Packs are made anew, by one thread: the server's depend on what it had packed before.
  await here('-c', 'pack.threads=1', 'repack', '-a', '-d', '-F', '-n', '--quiet')
  await here('prune', '--expire=now')
  // An index without the times and inodes of the checkout; `git status` compares the files where these differ.
  await here('read-tree', 'HEAD')
}

/** Git directories of submodules, and of theirs; names may have slashes. */
async function moduleDirectories(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => [])
  if (entries.some((entry) => entry.name === 'HEAD' && entry.isFile()))
    return [parent, ...(await moduleDirectories(join(parent, 'modules')))]
  const found: string[] = []
  for (const entry of entries)
    if (entry.isDirectory()) found.push(...(await moduleDirectories(join(parent, entry.name))))
  return found
}
