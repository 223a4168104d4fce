/** Contexts that the engine fetches itself: repositories, archives and Dockerfiles behind a URL. */
import { createReadStream } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Files } from '@gantry/build'
import { isGitUrl, parseGitUrl } from '@gantry/dockerfile'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { hexOf, type Registries } from '@gantry/oci'
import type { Material } from './attest/provenance.ts'
import { download } from './download.ts'
import { beginsAsArchive } from './files/archive-file.ts'
import type { RepositoryOptions } from './git/repository.ts'
import { withoutUser } from './urls.ts'

/** What came of a context's address. */
export type RemoteContext = {
  /** What it was, for provenance. */
  source: Material
} & (
  | { kind: 'directory'; root: string }
  /** To be unpacked. */
  | { kind: 'archive'; archive: Readable }
  /** A Dockerfile without a context. */
  | { kind: 'dockerfile'; text: string }
)

export interface RemoteParts {
  directory: string
  files: Files
  registries: Pick<Registries, 'download'>
  /** For repositories. */
  access: Pick<RepositoryOptions, 'keepGitDir' | 'token' | 'header' | 'agent'>
  /** Bytes that it may have, packed or not. */
  largest: number
  signal: AbortSignal
}

/** Bytes of a Dockerfile that are read. */
const longestText = 4 << 20

/** What is fetched lies in `work` until that is disposed of. Rejects in Docker's words. */
export async function fetchContext(
  address: string,
  { directory, files, registries, access, largest, signal }: RemoteParts,
  work: AsyncDisposableStack,
): Promise<RemoteContext> {
  if (isGitUrl(address)) {
    const { root, tree, commit } = await repositoryTree(address, {
      directory,
      files,
      ...access,
      largest,
      signal,
    })
    work.defer(() => rm(root, { recursive: true, force: true }))
    return { kind: 'directory', root: tree, source: { uri: withoutUser(address), digest: { sha1: commit } } }
  }
  if (!/^https?:\/\//.test(address))
    throw new GantryError(
      'InvalidParameter',
      `remoteURL (${withoutUser(address)}) could not be recognized as URL`,
    )
  const request = { registries, directory, url: address, largest, signal }
  const { root, digest } = await download(request).catch((error) => {
    const kind = isKind(error, 'Unavailable') ? 'Unavailable' : 'InvalidParameter'
    throw new GantryError(
      kind,
      `error downloading remote context ${withoutUser(address)}: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  })
  work.defer(() => rm(root, { recursive: true, force: true }))
  const source = { uri: withoutUser(address), digest: { sha256: hexOf(digest) } }
  const [name = ''] = await readdir(root)
  const path = join(root, name)
  if (await beginsAsArchive(createReadStream(path)))
    return { kind: 'archive', archive: createReadStream(path), source }
  await using file = await open(path)
  if ((await file.stat()).size > longestText)
    throw new GantryError(
      'InvalidParameter',
      `${withoutUser(address)} is neither an archive nor a Dockerfile`,
    )
  return { kind: 'dockerfile', text: await file.readFile('utf8'), source }
}

/** Loaded when a repository is asked for. `root` is to be removed; `tree` is the directory of it that counts. */
export async function repositoryTree(
  address: string,
  { files, checksum, ...options }: RepositoryOptions & { files: Files; checksum?: string },
): Promise<{ root: string; tree: string; commit: string }> {
  const { fetchRepository } = await import('./git/repository.ts')
  const parsed = parseGitUrl(address)
  const wanted = { ...parsed, ...(checksum !== undefined && { checksum: checksum.replace(/^sha\d+:/, '') }) }
  const { root, commit } = await fetchRepository(wanted, options)
  try {
    const tree = await files.resolve(root, wanted.subdir ?? '/')
    await readdir(tree)
    return { root, tree, commit }
  } catch (error) {
    await rm(root, { recursive: true, force: true })
    const isMissing = isKind(error, 'NotFound') || (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    if (!isMissing) throw error
    throw new GantryError(
      'InvalidParameter',
      `the repository has no directory ${JSON.stringify(wanted.subdir)}`,
      {
        cause: error,
      },
    )
  }
}
