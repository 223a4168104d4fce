/** Files of containers: copies, archives, changes, images made of them. */
import type { Readable } from 'node:stream'
import type { ContainerConfig, Operations } from '@gantry/api'
import type { PathStat } from '@gantry/archive'
import type { Digest } from '@gantry/oci'

/** What a path in a container names; `mode` has the bits of Go's os.FileMode. */
export type ContainerPathStat = PathStat

export type FilesystemChanges = NonNullable<Operations['ContainerChanges']['answer']>

export interface ExtractOptions {
  /** Refuse to replace a directory by something else, and the reverse. */
  keepKinds?: boolean
  /** Everything is to belong to the user that the container runs as. */
  asUser?: boolean
  /** The client has gone. */
  signal?: AbortSignal
}

export interface CommitOptions {
  repo?: string
  tag?: string
  comment?: string
  author?: string
  /** Dockerfile instructions, as ImageImportOptions has them. */
  changes?: string[]
  /** Keep the container still meanwhile. */
  pause: boolean
  /** In the place of the container's own. */
  config?: ContainerConfig
}

/**
 * Files of containers, running or not, as the container sees them: volumes and bind mounts included. Paths are resolved
 * inside the container's root. Throws NotFound `Could not find the file X in container Y`.
 */
export interface ContainerFiles {
  stat(reference: string, path: string): Promise<ContainerPathStat>
  /** The archive of what a path names, when its turn has come. Destroying `body` ends it, the signal the wait. */
  archive(
    reference: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ stat: ContainerPathStat; body: Readable }>
  /** Unpacks an archive into a directory. Throws Forbidden for what is read-only. */
  extract(reference: string, path: string, archive: Readable, options: ExtractOptions): Promise<void>
  /** The root file system as an archive, without what is mounted in it. */
  export(reference: string, signal?: AbortSignal): Promise<Readable>
  changes(reference: string): Promise<FilesystemChanges>
  /** Makes an image of what the container has changed; resolves to its id. */
  commit(reference: string, options: CommitOptions): Promise<Digest>
}
