/** Trees of files, and what moves them. */

import type { Heredoc } from '@gantry/dockerfile'
import type { Digest } from '@gantry/oci'
import type { Snapshot } from './snapshots.ts'

/** A tree of files that steps copy from or mount: not an image, so it has no layers. */
export interface FileTree {
  /** Root directory on the host, read-only to every step. */
  root: string
  /** What it shows, if that is a snapshot. */
  snapshot?: Snapshot
  /**
   * Digest of everything selected that matters: names, types, modes, owners, link targets and content; not times.
   * Rejects with NotFound `"/name": not found` when a path (or every match of a pattern) is missing.
   */
  digest(paths: FileSelection): Promise<Digest>
}

/** Which part of a tree counts. */
export interface FileSelection {
  /** Paths or patterns (Go's filepath.Match, and `**`), from the root of the tree. */
  include: readonly string[]
  exclude?: readonly string[]
  /** A link as the last part of a path is taken as what it points to (inside of the tree). */
  followLinks?: boolean
}

/** COPY and ADD: moves files into a root, in a worker thread, every path resolved by the kernel inside its root. */
export interface Files {
  copy(request: CopyRequest): Promise<void>
  /**
   * A directory as a tree: what is asked for is read and hashed, in a worker thread. `memo` is a file beside the tree, for
   * digests of what will not have changed the next time.
   */
  tree(root: string, memo?: string): FileTree
  /** Documents as files in a directory of their own, until it is disposed of. */
  documents(documents: readonly Heredoc[]): Promise<FileTree & AsyncDisposable>
  makeDirectory(root: string, path: string, owner: { uid: number; gid: number }): Promise<void>
  /** The path on the host of a path in a tree, resolved inside of the tree. Rejects with NotFound. */
  resolve(root: string, path: string): Promise<string>
  /** Keeps what a digest of a tree was made of, so that a later one can be compared with it. */
  remember(digest: Digest): Promise<void>
  /** Which files differ between two digests; null where that is not known (any more). */
  differences(before: Digest, now: Digest): Promise<FileDifferences | null>
  /** Numbers for `user[:group]`, from the files of that root. */
  owner(root: string, user: string): Promise<{ uid: number; gid: number }>
}

export interface FileDifferences {
  /** The first of them, in words: `a.c`, `b.c is new`, `c/ is gone`. */
  names: string[]
  /** How many there are. */
  count: number
}

export interface CopyRequest {
  from: string
  sources: readonly string[]
  to: string
  dest: string
  owner: { uid: number; gid: number } | null
  chmod?: string
  unpack: boolean
  parents: boolean
  exclude: readonly string[]
  followLinks: boolean
  signal: AbortSignal
}

/** Contexts, downloads and repositories, as trees of files. */
export interface Sources {
  /** `paths` are all that the build reads of it, as `FileSelection.include` has them; links are followed. */
  context(name: string, paths: readonly string[]): Promise<FileTree | null>
  http(url: string, checksum: string | undefined, signal: AbortSignal): Promise<FileTree>
  git(
    url: string,
    options: { keepGitDir: boolean; checksum?: string },
    signal: AbortSignal,
  ): Promise<FileTree>
  secret(id: string): Promise<Buffer | null>
  /** Path of a socket of an ssh agent. */
  ssh(id: string): Promise<string | null>
}
