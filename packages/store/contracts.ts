import type { Readable } from 'node:stream'
import type { Compression, Digest } from '@gantry/oci'

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

/** A file that is to become a blob. Disposing one that did not removes it. */
export interface BlobDraft extends AsyncDisposable {
  /** Nothing is there yet. */
  readonly path: string
  /** Makes it a blob; for what a thread has just found in it. */
  publish(blob: BlobInfo): Promise<BlobInfo>
}

/** Content by digest: `content/blobs/sha256/<hex>`, an OCI image layout's blob directory. */
export interface ContentStore {
  /** Rejects with NotFound. */
  info(digest: Digest): Promise<BlobInfo>
  has(digest: Digest): Promise<boolean>
  /** Streams a blob, verifying it: the stream fails at its end when the bytes are not what the digest names. */
  read(digest: Digest): Promise<Readable>
  /** Streams a blob from an offset on, unverified: for who hands it on to somebody that verifies it. */
  readFrom(digest: Digest, offset: number): Promise<Readable>
  /** A small blob (manifest, config) as bytes, verified. Rejects with NotFound, or InvalidParameter above `limit` bytes. */
  readAll(digest: Digest, limit?: number): Promise<Buffer>
  writer(): Promise<BlobWriter>
  put(bytes: Uint8Array): Promise<BlobInfo>
  /** A file for a thread to fill. */
  draft(): Promise<BlobDraft>
  /** The file of a blob, for a thread that reads and verifies it itself. Rejects with NotFound. */
  locate(digest: Digest): Promise<string>
  /** A download of this blob, with what an earlier one got of it. One at a time for each digest. */
  partial(digest: Digest): Promise<PartialBlob>
  /**
   * Downloads a blob: what an earlier try left is kept, `rest` is asked for what follows. Rejects with InvalidParameter
   * when the bytes are not what was expected (then nothing is kept), with what `rest` threw, DiskFullError or Cancelled.
   */
  receive(expected: BlobInfo, feed: BlobFeed): Promise<BlobInfo>
  delete(digest: Digest): Promise<void>
  /**
   * Removes a blob that nothing needs. One that was downloaded for work that has not come to its end becomes the beginning
   * of a download again, so that the next try need not fetch it.
   */
  release(digest: Digest): Promise<void>
  /** The work that these were downloaded for has come to its end. */
  settle(needed: ReadonlySet<Digest>): Promise<void>
  list(): Promise<Digest[]>
}

/** Opens what follows the first `offset` bytes of a blob. Asked once at most; the caller's tries are its own affair. */
export type OpenRest = (offset: number) => AsyncIterable<Uint8Array>

/** How the bytes of a download come, and who wants to know. */
export interface BlobFeed {
  rest: OpenRest
  /** Told how many bytes have been read, those of an earlier try included. */
  onProgress?: (read: number) => void
  signal?: AbortSignal
}

/**
 * The beginning of a blob, in a file of its own. It outlives a cancelled pull and a daemon's restart, to be gone on with;
 * those that nobody has gone on with for a day are removed.
 */
export interface PartialBlob {
  /** The file, which may not be there yet. */
  readonly path: string
  /** Bytes that are there. */
  size(): Promise<number>
  /** Makes it a blob. Only for what a thread has just found to be whole. */
  publish(): Promise<void>
  /** Removes it, as what it holds is of no use; also after `publish`, so that the blob will not be put back here. */
  discard(): Promise<void>
}

/** Unpacked layers by chain id: `layers/<hex of chain id>/diff`, the lower directories of overlay mounts. */
export interface LayerStore {
  has(chainId: Digest): Promise<boolean>
  /**
   * Unpacks a layer tar (compressed or not, as its first bytes say) on top of a chain. Runs in an intake thread;
   * a layer appears whole or not at all. Rejects with InvalidParameter when the uncompressed bytes are not `diffId`.
   */
  unpack(layer: Readable, diffId: Digest, parent: Digest | null): Promise<UnpackedLayer>
  /**
   * Unpacks a layer without a place in a chain, so that the layers of an image can be unpacked at the same time, and
   * while they arrive. Rejects as `ContentStore.receive` does.
   */
  stage(source: LayerSource): Promise<StagedLayer>
  /**
   * Like `stage`, for a file of which nobody knows yet whether it is a layer: what cannot be unpacked has no `staged`.
   * Rejects with InvalidParameter when the bytes are not what was expected, or as `stage` does.
   */
  tryStage(source: LayerSource): Promise<{ blob: BlobInfo; staged: StagedLayer | null }>
  /**
   * Takes over a directory that is the layer unpacked, upon a chain: it is renamed, so it lies on the store's file
   * system. What is there already is left as it is. Rejects with NotFound without the parent.
   */
  adopt(
    directory: string,
    layer: Pick<UnpackedLayer, 'diffId' | 'size'>,
    parent: Digest | null,
  ): Promise<UnpackedLayer>
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

/** A layer's bytes: those of a file, then those that `rest` gives, which are appended to the file. At least one of them. */
export interface LayerSource extends Partial<BlobFeed> {
  path?: string
  /** What the bytes must be, as they come. */
  expected?: { digest?: Digest; size?: number }
  /** What they must be once uncompressed. */
  diffId?: Digest
}

/** An unpacked layer that nobody sees yet. Disposing one without a place removes it. */
export interface StagedLayer extends AsyncDisposable {
  readonly diffId: Digest
  /** Bytes of file content. */
  readonly size: number
  readonly compression: Compression
  /** The bytes as they came. */
  readonly blob: BlobInfo
  /** Puts it on top of a chain; once. What is there already is left as it is. Rejects with NotFound without the parent. */
  place(parent: Digest | null): Promise<UnpackedLayer>
}
