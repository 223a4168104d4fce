/** File system states: images, and layers in the making. */
import type { Credentials, Digest, ImageConfigFile, Platform } from '@gantry/oci'

/** A file system state: unpacked layers, base first. No layers: an empty root (`scratch`). */
export interface Snapshot {
  layers: readonly SnapshotLayer[]
}

export interface SnapshotLayer {
  diffId: Digest
  /** Names this layer upon those below it. */
  chainId: Digest
  /** Bytes of file content. */
  size: number
}

/** File systems that can be written once: layers in the making. */
export interface Snapshots {
  /** The layers of an image, pulled when it is not there or `pull` says so. */
  image(reference: string, platform: Platform, options: ImageLookup): Promise<BaseImage>
  /** Mounts a snapshot with a new, empty layer on top. */
  open(base: Snapshot): Promise<WritableSnapshot>
  /** A directory that is no snapshot, with an empty layer on top; not to be committed. */
  over(tree: string): Promise<WritableSnapshot>
  /** A read-only view, for copies and mounts. */
  view(snapshot: Snapshot): Promise<AsyncDisposable & { root: string }>
  /** Puts the layers of one snapshot upon another's. */
  stack(below: Snapshot, above: Snapshot): Promise<Snapshot>
  /** Whether every layer is still there. */
  has(snapshot: Snapshot): Promise<boolean>
}

export interface ImageLookup {
  pull: boolean
  credentials?: CredentialsLookup
  signal: AbortSignal
  progress(message: { id: string; current: number; total: number }): void
}

/** By a registry's host name. */
export type CredentialsLookup = (domain: string) => Credentials | undefined | Promise<Credentials | undefined>

export interface BaseImage {
  reference: string
  /** What the name stands for: a manifest or an index. */
  digest: Digest
  /** Digest of its configuration. */
  id: Digest
  config: ImageConfigFile
  snapshot: Snapshot
}

export interface WritableSnapshot extends AsyncDisposable {
  /** The directories of the overlay, `lower` top first: for whoever mounts it in a place of its own. */
  readonly rootfs: { lower: string[]; upper: string; work: string }
  /** Where it is mounted, until `commit`. Not together with another mount of `rootfs`. */
  root(): Promise<string>
  /**
   * Packs what was written as a layer. Disposing without commit throws the layer away.
   */
  commit(options?: CommitOptions): Promise<Snapshot>
}

export interface CommitOptions {
  /** Paths that were mounted over: what was made for that is no part of the layer. */
  mountPoints?: readonly string[]
  /** Gives it up. */
  signal?: AbortSignal
}
