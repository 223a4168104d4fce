import type { CopyRequest, FileSelection } from '@gantry/build'
import type { ErrorKind } from '@gantry/errors'
import type { TreeChange } from './apply.ts'

/** What a thread is asked to do. All paths of requests are resolved inside their roots. */
export type FileJob =
  | { kind: 'copy'; request: Omit<CopyRequest, 'signal'> }
  /** Answers a digest. */
  | { kind: 'digest'; root: string; selection: FileSelection; memo?: string }
  | { kind: 'apply'; root: string; changes: readonly TreeChange[] }
  | { kind: 'directory'; root: string; path: string; owner: { uid: number; gid: number } }
  /** Answers a Scan of the packages, as JSON. */
  | { kind: 'packages'; root: string }
  /** Answers the digests of all files, as JSON. */
  | { kind: 'subjects'; root: string }

export interface ToThread {
  job: FileJob
  /** The first place becomes 1 when the work is to be given up. */
  stop: Int32Array<SharedArrayBuffer>
}

export type FromThread =
  | { kind: 'done'; answer: string }
  | { kind: 'failed'; error: { kind: ErrorKind; message: string } }
