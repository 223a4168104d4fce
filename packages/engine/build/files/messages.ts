import type { CopyRequest, FileSelection } from '@gantry/build'
import type { ErrorKind } from '@gantry/errors'
import type { DocumentSubject } from '../attest/sbom.ts'
import type { TreeChange } from './apply.ts'

/** What a thread is asked to do. All paths of requests are resolved inside their roots. */
export type FileJob =
  | { kind: 'copy'; request: Omit<CopyRequest, 'signal'> }
  /** Answers the digest, a space, and its listing in base64. */
  | { kind: 'digest'; root: string; selection: FileSelection; memo?: string }
  /** Answers the FileDifferences of two listings, as JSON. */
  | { kind: 'compare'; before: Uint8Array; now: Uint8Array }
  | { kind: 'apply'; root: string; changes: readonly TreeChange[] }
  | { kind: 'directory'; root: string; path: string; owner: { uid: number; gid: number } }
  /** Answers a Scan of the packages, as JSON. */
  | { kind: 'packages'; root: string }
  /** Answers the bill of materials that a Scan makes, as JSON for a statement. */
  | { kind: 'bill'; scan: string; subject: DocumentSubject; indent: 0 | 2 }
  /** Answers the digests of all files, as JSON for a statement. */
  | { kind: 'subjects'; root: string }

export interface ToThread {
  job: FileJob
  /** The first place becomes 1 when the work is to be given up. */
  stop: Int32Array<SharedArrayBuffer>
}

export type FromThread =
  | { kind: 'done'; answer: string }
  | { kind: 'failed'; error: { kind: ErrorKind; message: string } }
