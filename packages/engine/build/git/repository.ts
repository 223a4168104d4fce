/** A repository's files at one commit, in a directory of their own. */
import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { GitUrl } from '@gantry/dockerfile'
import { GantryError } from '@gantry/errors'
import { normalizeHistory } from './kept-history.ts'
import { GitFailure, type GitRun, git } from './program.ts'

/** Bytes that a repository may take, its history included. */
const largestRepository = 8 * 1024 ** 3

/** How often its size is looked at, in milliseconds. */
const between = 500

export interface RepositoryOptions {
  /** Where directories for repositories are made. */
  directory: string
  keepGitDir: boolean
  /** `token`: GIT_AUTH_TOKEN, for HTTP. `header`: GIT_AUTH_HEADER, the whole value. */
  token?: string
  header?: string
  agent?: string
  largest?: number
  signal: AbortSignal
}

/**
 * Fetches one commit with as little of its history as the server gives, and returns its directory, which belongs to
 * the caller, and its name. Rejects with InvalidParameter in git's words, leaving nothing.
 */
export async function fetchRepository(
  wanted: GitUrl,
  options: RepositoryOptions,
): Promise<{ root: string; commit: string }> {
  const root = join(options.directory, `repository-${randomUUID()}`)
  await mkdir(root, { recursive: true, mode: 0o755 })
  const abort = new AbortController()
  const signal = AbortSignal.any([options.signal, abort.signal])
  const watch = watchSize(root, options.largest ?? largestRepository, abort)
  try {
    const { agent } = options
    const run = {
      directory: root,
      secrets: secretsFor(wanted, options),
      signal,
      ...(agent !== undefined && { agent }),
    }
    const isNamed = await checkOut(wanted, run)
    await watch.look()
    signal.throwIfAborted()
    const commit = (await git(['rev-parse', 'HEAD'], run)).trim()
    verify(wanted, commit)
    if (options.keepGitDir || wanted.keepGitDir) await normalizeHistory(run, isNamed)
    else await rm(join(root, '.git'), { recursive: true, force: true })
    return { root, commit }
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    if (error instanceof GitFailure)
      throw new GantryError('InvalidParameter', `failed to fetch remote ${wanted.url}: ${error.message}`, {
        cause: error,
      })
    throw error
  } finally {
    await watch[Symbol.asyncDispose]()
  }
}

function secretsFor({ url, credentials }: GitUrl, { token, header }: RepositoryOptions): [string, string][] {
  const basic = (text: string): string => `basic ${Buffer.from(text).toString('base64')}`
  const value =
    credentials !== undefined
      ? basic(credentials)
      : (header ?? (token === undefined ? undefined : basic(`x-access-token:${token}`)))
  return value === undefined ? [] : [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: ${value}`]]
}

/** Resolves to whether FETCH_HEAD tells what the commit is called. */
async function checkOut({ url, ref = 'HEAD', submodules = true }: GitUrl, run: GitRun): Promise<boolean> {
  await git(['init', '--quiet', '--template='], run)
  await git(['remote', 'add', 'origin', url], run)
  const commit = await fetched(ref, run)
  await git(['checkout', '--quiet', '--force', '--detach', commit], run)
  const has = await lstat(join(run.directory, '.gitmodules')).catch(() => null)
  if (submodules && has?.isFile())
    await git(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'], run)
  return commit === 'FETCH_HEAD'
}

/** Fetches the commit alone where the server allows it, everything otherwise; resolves to what is to be checked out. */
async function fetched(ref: string, run: GitRun): Promise<string> {
  const fetch = (...args: string[]): Promise<string> =>
    git(['fetch', '--quiet', '--no-tags', '--force', ...args], run)
  try {
    await fetch('--depth=1', 'origin', ref)
    return 'FETCH_HEAD'
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    // A server without shallow copies, or a commit that is not the tip of anything.
    try {
      await fetch(
        'origin',
        '+refs/heads/*:refs/remotes/origin/*',
        '+refs/tags/*:refs/tags/*',
        '+HEAD:refs/remotes/origin/HEAD',
      )
    } catch {
      throw error
    }
    for (const candidate of [
      ref,
      `refs/remotes/origin/${ref.replace(/^refs\/heads\//, '')}`,
      `refs/tags/${ref}`,
    ]) {
      const commit = ref === 'HEAD' && candidate === ref ? 'refs/remotes/origin/HEAD' : candidate
      const found = await git(['rev-parse', '--quiet', '--verify', `${commit}^{commit}`], run).catch(() => '')
      if (found !== '') return found.trim()
    }
    throw error
  }
}

function verify({ checksum }: GitUrl, commit: string): void {
  if (checksum === undefined) return
  if (!/^[0-9a-f]{7,64}$/.test(checksum) || !commit.startsWith(checksum))
    throw new GantryError('InvalidParameter', `expected checksum to match ${checksum}, got ${commit}`)
}

/** Aborts when a directory grows over its limit. */
function watchSize(
  root: string,
  largest: number,
  abort: AbortController,
): AsyncDisposable & { look(): Promise<void> } {
  let ended = false
  let running = Promise.resolve()
  const look = async (): Promise<void> => {
    if ((await sizeOf(root)) > largest)
      abort.abort(new GantryError('InvalidParameter', `the repository is larger than ${largest} bytes`))
  }
  const timer = setInterval(() => {
    running = running.then(() => (ended ? undefined : look())).catch(() => undefined)
  }, between)
  return {
    look,
    async [Symbol.asyncDispose]() {
      ended = true
      clearInterval(timer)
      await running
    },
  }
}

/** Files come and go meanwhile. */
async function sizeOf(path: string): Promise<number> {
  let sum = 0
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) sum += await sizeOf(child)
    else sum += (await lstat(child).catch(() => null))?.size ?? 0
  }
  return sum
}
