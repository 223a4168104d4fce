/** What the daemon and its intake threads say to each other. */
import type { ErrorKind } from '@gantry/errors'
import type { Compression, Digest } from '@gantry/oci'

/** One blob to be read to its end: hashed, and as asked kept in a file and unpacked. */
export interface IntakeJob {
  /** A file whose bytes come first; what follows them is appended to it. */
  path?: string
  /** Whether more follows after the bytes of the file. */
  more: boolean
  /** What the bytes as they come must be. */
  expected: { digest?: Digest; size?: number }
  unpack?: {
    /** An empty directory. */
    target: string
    /** What the uncompressed bytes must be, where it is known. */
    diffId?: Digest
    /** What cannot be unpacked is no failure: the blob is taken in all the same. */
    optional?: boolean
  }
}

/** Directories to take owner, mode and attributes from the first of `lower` that has them. */
export interface InheritJob {
  target: string
  lower: readonly string[]
  paths: readonly string[]
}

export interface IntakeResult {
  digest: Digest
  /** Bytes, as they came. */
  size: number
  unpacked: UnpackResult | null
}

export interface UnpackResult {
  diffId: Digest
  compression: Compression
  /** Bytes of file content. */
  size: number
  /** Directories that the archive has content for but no entry. */
  implied: string[]
}

export type ToWorker =
  | { kind: 'intake'; id: number; job: IntakeJob }
  | { kind: 'inherit'; id: number; job: InheritJob }
  | { kind: 'chunk'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'end'; id: number }
  /** The source failed: there is no more than what was sent. */
  | { kind: 'broken'; id: number }
  /** Nobody wants the result any more. */
  | { kind: 'abort'; id: number }

export type FromWorker =
  /** The file's bytes are read: what follows begins at `offset`. */
  | { kind: 'open'; id: number; offset: number }
  /** One more piece may be sent. */
  | { kind: 'more'; id: number }
  /** So many bytes of the blob have been read. */
  | { kind: 'progress'; id: number; read: number }
  | { kind: 'done'; id: number; result: IntakeResult | null }
  | { kind: 'failed'; id: number; error: { kind: ErrorKind; message: string; diskFull: boolean } }

/** Pieces that may be on their way to a thread: it has the next one when it is done with one. */
export const window = 2

/** Bytes that are gathered for a thread before the source has to wait. */
export const largestPiece = 512 * 1024

/** Bytes between two reports of progress. */
export const progressStep = 512 * 1024
