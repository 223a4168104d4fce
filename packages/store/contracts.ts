import type { Readable } from 'node:stream'
import type { Digest } from '@gantry/oci'

/**
 * A table of JSON documents by key. Every call is one synchronous SQLite statement (about 0.04 ms in WAL mode), so a
 * caller may treat what it wrote as kept. Packages that need state declare the part of this shape they use.
 */
export interface Table<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  /** Returns whether there was such a row. */
  delete(key: string): boolean
  /** All rows, oldest first. */
  values(): T[]
}

/** The daemon's state: `gantry.db`. */
export interface Database {
  /** Opens the table, making it when it is new. The name is a constant of the caller's: `containers`, `networks`, … */
  table<T>(name: string): Table<T>
  /** Runs `work` in one transaction: all of its writes, or none when it throws. Not nested, not async. */
  transaction<T>(work: () => T): T
  close(): void
}

/** What is known of a stored blob. */
export interface BlobInfo {
  digest: Digest
  /** Bytes. */
  size: number
}

/** An upload of one blob: invisible to readers until `commit`. Disposing an uncommitted one removes its bytes. */
export interface BlobWriter extends AsyncDisposable {
  write(chunk: Uint8Array): Promise<void>
  /**
   * Verifies and publishes the blob. Rejects with InvalidParameter when `expected` names another digest or size; then
   * nothing is kept. A blob that is already there is left as it is.
   */
  commit(expected?: { digest?: Digest; size?: number }): Promise<BlobInfo>
}

/** Content by digest: `content/blobs/sha256/<hex>`, an OCI image layout's blob directory. */
export interface ContentStore {
  /** Rejects with NotFound. */
  info(digest: Digest): Promise<BlobInfo>
  has(digest: Digest): Promise<boolean>
  /** Streams a blob, verifying it: the stream fails at its end when the bytes are not what the digest names. */
  read(digest: Digest): Promise<Readable>
  /** A small blob (manifest, config) as bytes, verified. Rejects with NotFound, or InvalidParameter above `limit` bytes. */
  readAll(digest: Digest, limit?: number): Promise<Buffer>
  writer(): Promise<BlobWriter>
  put(bytes: Uint8Array): Promise<BlobInfo>
  delete(digest: Digest): Promise<void>
  list(): Promise<Digest[]>
}

/** Unpacked layers by chain id: `layers/<hex of chain id>/diff`, the lower directories of overlay mounts. */
export interface LayerStore {
  has(chainId: Digest): Promise<boolean>
  /**
   * Unpacks a layer tar (compressed or not, as its first bytes say) below its parent chain. Runs in a worker thread;
   * a layer appears whole or not at all. Rejects with InvalidParameter when the uncompressed bytes are not `diffId`.
   */
  unpack(layer: Readable, diffId: Digest, parent: Digest | null): Promise<UnpackedLayer>
  /** The `diff` directories of a chain, top first, as overlay's `lowerdir` wants them. Rejects with NotFound. */
  directories(chainId: Digest): Promise<string[]>
  /** Bytes of file content in this one layer, as Docker counts an image's size. */
  size(chainId: Digest): Promise<number>
  delete(chainId: Digest): Promise<void>
  list(): Promise<Digest[]>
}

export interface UnpackedLayer {
  chainId: Digest
  diffId: Digest
  /** Bytes of file content. */
  size: number
}
