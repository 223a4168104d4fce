import type { ErrorKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'

/** What the worker is started with. */
export interface UnpackJob {
  /** An empty directory. */
  target: string
  /** `diff` directories of the layers below, top first. */
  lower: string[]
  diffId: Digest
}

export type ToWorker =
  | { kind: 'chunk'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'end' }
  /** The source failed. */
  | { kind: 'abort' }

export type FromWorker =
  /** Ready for one more chunk. */
  | { kind: 'more' }
  | { kind: 'done'; size: number }
  | { kind: 'failed'; error: { kind: ErrorKind; message: string } }
