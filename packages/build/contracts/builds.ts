/** What is asked of the builder, and what it tells. */

import type { LineRange } from '@gantry/dockerfile'
import type { Digest, ImageConfigFile, Platform } from '@gantry/oci'
import type { BuiltRecord, RemoteCache } from './cache.ts'
import type { Sources } from './files.ts'
import type { RunRequest, StepLimits } from './runner.ts'
import type { CredentialsLookup, Snapshot } from './snapshots.ts'
import type { ImageStep, Step } from './steps.ts'

/** An image, and what it is called in messages: its reference may be the engine's own. */
export interface NamedImage {
  reference: string
  shown: string
}

/** What `docker build` is asked to do, whatever way it was asked. */
export interface BuildRequest {
  dockerfile: string
  /** As it is named in messages. */
  dockerfileName: string
  target?: string
  args: ReadonlyMap<string, string>
  labels: Readonly<Record<string, string>>
  platforms: readonly Platform[]
  /** They were asked for: without that, an image is for what its base image is for. */
  platformsGiven: boolean
  noCache: boolean
  /** Stages whose cache is not used. */
  noCacheFilter: readonly string[]
  pull: boolean
  /** For base images. */
  credentials?: CredentialsLookup
  /** See `RunStep`. */
  network: string
  hosts: readonly string[]
  shmSize?: number
  ulimits?: RunRequest['ulimits']
  limits?: StepLimits
  /** SOURCE_DATE_EPOCH: when image and history are said to have been made. */
  created?: Date
  /** Nothing is built: only what the build checks find is told. */
  checkOnly: boolean
  /** Whether the ignore file keeps a path out of the main context. */
  ignores?: (path: string) => boolean
  /** Told of a shell in what a failed RUN left; the step waits for the end of that. */
  debug?: (shell: string) => void
  /** Every instruction is told of, in order, and the history has the words of Docker's classic builder. */
  classic: boolean
  sources: Sources
  /** Names of contexts that are trees of files, besides the main one. */
  contexts: readonly string[]
  /** Names of contexts that stand for an image (`docker-image://…`). */
  namedImages: ReadonlyMap<string, NamedImage>
  /** Which of the records are for other builders: none, those of the result's layers, or all. */
  recordsGo: 'nowhere' | 'result' | 'all'
  /** What other builders have made, asked where this one has nothing. */
  remoteCaches: readonly RemoteCache[]
}

export interface BuildResult {
  platform: Platform
  config: ImageConfigFile
  snapshot: Snapshot
  /** Of every step that went into any of the results. */
  records: readonly BuiltRecord[]
  /** How many of the layers are those of the image that it was built from. */
  baseLayers: number
  /** What made it; null for an empty root. */
  step: Step | null
  /** The images that went into it, by digest of what their name stood for. */
  bases: ReadonlyMap<ImageStep, Digest>
}

/** What happens while a build runs, in order. Times are when they were told. */
export type BuildEvent =
  | { type: 'step'; id: number; name: string; started: Date }
  | { type: 'log'; id: number; stream: 'stdout' | 'stderr'; data: Buffer }
  | { type: 'progress'; id: number; what: string; current: number; total: number }
  | { type: 'end'; id: number; cached: boolean; error?: string; why?: string }
  | { type: 'warning'; rule: string; message: string; lines: LineRange }
  /** Values of `--build-arg` that no ARG asks for. */
  | { type: 'unused-arguments'; names: string[] }
  /** Only for classic builds: what will be told, in order. */
  | { type: 'plan'; instructions: readonly PlannedInstruction[] }
  /** Only for classic builds: an instruction of the plan has its result. `id` is the base image's own, for FROM. */
  | { type: 'state'; index: number; config: ImageConfigFile; id?: Digest }

export interface PlannedInstruction {
  source: string
  instruction: string
  triggered: boolean
  /** The name of the step that it makes. */
  step?: string
  /** For the last instruction of a stage. */
  endsStage: boolean
}

export interface Builder {
  /** Runs a build. Rejects with DockerfileProblem, or GantryError with BuildKit's words; everything it started has ended. */
  build(request: BuildRequest, signal: AbortSignal, tell: (event: BuildEvent) => void): Promise<BuildResult[]>
}
