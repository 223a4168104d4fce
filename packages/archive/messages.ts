import type { ErrorKind } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import type { PathStat } from './resolve.ts'
import type { TreeView } from './view.ts'

/** What a worker is asked to do. */
export type Job =
  /** Answers a PathStat. */
  | { kind: 'stat'; view: TreeView; path: string }
  /** Answers a PathStat, then sends the archive of the object, under its own name. */
  | { kind: 'pack'; view: TreeView; path: string; leaveOut: string[] }
  /** Answers null, then sends the archive of all that is in the root. */
  | ({ kind: 'export'; view: TreeView } & ExportOptions)
  /** Answers null, then sends the layer of what a container has changed. */
  | (Upper & { kind: 'layer' })
  /** Writes that layer to the file `path`, and answers a SealedLayer. */
  | (Upper & { kind: 'seal'; path: string })
  /** Writes the file `source`, which `digest` names, with gzip to the file `path`, and answers a PackedBlob. */
  | { kind: 'compress'; source: string; digest: Digest; path: string }
  /** Answers Change[]. */
  | (Upper & { kind: 'changes' })
  /** Answers null, then sends each TreeDifference as a line of JSON. */
  | { kind: 'compare'; from: LayerDirectory[]; to: LayerDirectory[] }
  /** Answers null, then sends the layer that leads from one chain to another, whose files the view shows. */
  | { kind: 'squash'; view: TreeView; from: LayerDirectory[]; to: LayerDirectory[] }
  /** Answers null, then sends ExploredLayers, each with the ExploredFiles after it, as lines of JSON. */
  | { kind: 'explore'; layers: ExploreLayer[] }
  /** Answers null when it is ready, then takes an archive, then answers null. */
  | { kind: 'unpack'; view: TreeView; path: string; keepKinds: boolean; owner: Owner | null; most?: Most }

/** Bytes of content, and what is said when there are more. */
export interface Most {
  bytes: number
  message: string
}

export interface Upper {
  upper: string
  /** Directories of the layers below, top first. */
  lower: string[]
  /** Paths without a slash before them that the engine mounts over. */
  mountPoints: string[]
  /** Seconds since 1970: what was modified later counts as modified then. */
  latest?: number
}

/** How the archive of a root is to look. */
export interface ExportOptions {
  /** Goes before every name: `linux_arm64/`. */
  prefix?: string
  /** Seconds since 1970: when everything is said to have been modified. */
  modified?: number
  /** More follows, so the archive's end is left out. */
  open?: boolean
}

/** A file that has been written. */
export interface PackedBlob {
  digest: Digest
  /** Bytes of the file. */
  size: number
}

/** A layer in a file. */
export interface SealedLayer extends PackedBlob {
  /** Bytes of the files in it. */
  contentSize: number
}

/** A layer of a chain, and what to call it. */
export interface LayerDirectory {
  directory: string
  layer: string
}

/** One object that two trees do not have in common. */
export interface TreeDifference {
  path: string
  kind: 'added' | 'changed' | 'removed'
  /** Where it comes from: of the tree that was compared with, for what was removed of the other. */
  layer: string
  /** Bytes of a regular file. */
  size: number
}

/** A layer, and what made it. */
export interface ExploreLayer extends LayerDirectory {
  createdBy: string
}

export interface ExploredLayer {
  layer: string
  createdBy: string
}

/** What a layer does to one path. */
export interface ExploredFile {
  path: string
  kind: 'added' | 'changed' | 'removed'
  /** Bytes of a regular file: of the new one, or of what was removed. */
  size: number
  /** Bytes in the layers below that nobody sees any more. */
  hides: number
  /** As of stat(2), with the type. */
  mode: number
  uid: number
  gid: number
}

export interface Owner {
  uid: number
  gid: number
}

/** In the numbers of the API: 0 modified, 1 added, 2 deleted. */
export interface Change {
  path: string
  kind: 0 | 1 | 2
}

export type Answer = PathStat | Change[] | SealedLayer | PackedBlob | null

export type ToWorker =
  /** `control` is shared: how many pieces of output were taken, and whether to stop. */
  | { kind: 'job'; job: Job; control: Int32Array<SharedArrayBuffer> }
  /** The next bytes of the archive; each piece is all that is in its memory. */
  | { kind: 'pieces'; pieces: Uint8Array<ArrayBuffer>[] }
  | { kind: 'end' }
  /** The source of the archive failed. */
  | { kind: 'abort' }

export type FromWorker =
  | { kind: 'answer'; answer: Answer }
  | { kind: 'chunk'; bytes: Uint8Array<ArrayBuffer> }
  /** Ready for more pieces, once. */
  | { kind: 'more' }
  /** How much of its source the job has read. */
  | { kind: 'progress'; bytes: number }
  /** `reusable`: the thread can do another job. */
  | { kind: 'done'; reusable: boolean }
  | { kind: 'failed'; error: { kind: ErrorKind; message: string }; reusable: boolean }

/** Places in `control`. */
export const Control = { taken: 0, stop: 1 } as const
