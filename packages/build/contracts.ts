/**
 * What building is made of, and what it needs from outside. A Dockerfile becomes a graph of typed steps (`Step`); the
 * solver runs those that the target needs, each once, and keeps what came out under a key made of content. What a step
 * does to files and processes is behind `Snapshots`, `Runner`, `Files` and `Sources`, which the engine provides.
 */

import type { Heredoc, LineRange, RunMount } from '@gantry/dockerfile'
import type { Credentials, Digest, HistoryEntry, ImageConfigFile, Platform } from '@gantry/oci'

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

/** A tree of files that steps copy from or mount: not an image, so it has no layers. */
export interface FileTree {
  /** Root directory on the host, read-only to every step. */
  root: string
  /** What it shows, if that is a snapshot. */
  snapshot?: Snapshot
  /**
   * Digest of everything selected that matters: names, types, modes, owners, link targets and content; not times.
   * Rejects with NotFound `"/name": not found` when a path (or every match of a pattern) is missing.
   */
  digest(paths: FileSelection): Promise<Digest>
}

/** Which part of a tree counts. */
export interface FileSelection {
  /** Paths or patterns (Go's filepath.Match, and `**`), from the root of the tree. */
  include: readonly string[]
  exclude?: readonly string[]
  /** A link as the last part of a path is taken as what it points to (inside of the tree). */
  followLinks?: boolean
}

/** Where files come from. */
export type Origin =
  | { kind: 'snapshot'; step: Step }
  | { kind: 'context'; name: string }
  | { kind: 'http'; url: string; checksum?: string }
  | { kind: 'git'; url: string; keepGitDir?: boolean; checksum?: string }
  | { kind: 'documents'; documents: readonly Heredoc[] }

interface StepBase {
  /** As it is shown: `[builder 2/5] RUN make`. */
  name: string
  stage: string
  lines: LineRange
  platform: Platform
}

/** The files of an image. */
export interface ImageStep extends StepBase {
  kind: 'image'
  reference: string
}

export interface RunStep extends StepBase {
  kind: 'run'
  input: Step | null
  /** Words to be run, the shell included. */
  args: readonly string[]
  /** `NAME=value`, in order; predefined proxy arguments, which stay out of the key, are in `proxies`. */
  env: readonly string[]
  proxies: readonly string[]
  user: string
  workingDir: string
  /** A script that a here-document brought: given to the shell, or stored as a file when it begins with `#!`. */
  script?: { name: string; content: string }
  mounts: readonly (RunMount & { origin?: Origin })[]
  /** `default`, `none`, `host`, a network of the engine, or `container:ID`. */
  network: string
  security: 'sandbox' | 'insecure'
}

export interface CopyStep extends StepBase {
  kind: 'copy'
  input: Step | null
  copies: readonly FileCopy[]
  /** Absolute; ends in `/` when it must be a directory. */
  dest: string
  /** `user[:group]`, names are looked up in the input's `/etc/passwd` and `/etc/group`. */
  chown?: string
  chmod?: string
  /** The layer does not depend on the input: it is kept when only the input changes. */
  link: boolean
  parents: boolean
  exclude: readonly string[]
}

export interface FileCopy {
  origin: Origin
  sources: readonly string[]
  /** ADD: local archives are unpacked. */
  unpack: boolean
}

/** Makes the working directory when it is missing. */
export interface DirectoryStep extends StepBase {
  kind: 'directory'
  input: Step | null
  path: string
  user: string
}

export type Step = ImageStep | RunStep | CopyStep | DirectoryStep

/** Where a stage stands after one of its instructions, FROM included. */
export interface InstructionState {
  /** The instruction as it was written, and its name in capitals. */
  source: string
  instruction: string
  /** It came with the base image (ONBUILD). */
  triggered: boolean
  /** What it made itself: null for one that only changes the configuration. */
  made: Step | null
  /** The stage's file system by then. */
  step: Step | null
  config: ImageConfigFile['config']
  history: readonly HistoryEntry[]
  author?: string
}

/** A stage whose steps are known: what comes out of it. */
export interface Target {
  /** Null for an empty root file system. */
  step: Step | null
  config: ImageConfigFile['config']
  history: readonly HistoryEntry[]
  platform: Platform
  author?: string
  /** FROM and every other instruction, in order. */
  states: readonly InstructionState[]
}

/** File systems that can be written once: layers in the making. */
export interface Snapshots {
  /** The layers of an image, pulled when it is not there or `pull` says so. */
  image(reference: string, platform: Platform, options: ImageLookup): Promise<BaseImage>
  /** Mounts a snapshot with a new, empty layer on top. */
  open(base: Snapshot): Promise<WritableSnapshot>
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

/** Runs the processes of RUN in the same OCI runtime, and with the same isolation, as containers. */
export interface Runner {
  /** Resolves to the exit code. Aborting kills every process of the step. */
  run(request: RunRequest): Promise<number>
}

export interface RunRequest {
  step: RunStep
  rootfs: WritableSnapshot['rootfs']
  mounts: readonly PreparedMount[]
  /** Further variables, `NAME=value`: secrets, proxies, the ssh agent's socket. They are no part of the step's key. */
  variables: readonly string[]
  hosts: readonly string[]
  shmSize?: number
  ulimits?: readonly { Name: string; Soft: number; Hard: number }[]
  limits?: StepLimits
  signal: AbortSignal
  output(stream: 'stdout' | 'stderr', data: Buffer): void
  /** Told when the process has failed: of a shell that has all that it had, for whose end the runner waits. */
  debug?: (exitCode: number, shell: string) => void
}

/** What a step may use, under the names of a container's host configuration. */
export interface StepLimits {
  Memory?: number
  MemorySwap?: number
  CpuShares?: number
  CpuPeriod?: number
  CpuQuota?: number
  CpusetCpus?: string
  CpusetMems?: string
  CgroupParent?: string
}

/** A mount whose source is ready on the host. */
export type PreparedMount =
  | {
      type: 'bind'
      source: string
      /** What `source` is, where it is a part of a snapshot's view. */
      part?: { snapshot: Snapshot; path: string }
      target: string
      readonly: boolean
    }
  | { type: 'tmpfs'; target: string; size?: number }
  | { type: 'file'; content: Buffer; target: string; mode: number; uid: number; gid: number }
  | { type: 'socket'; source: string; target: string; mode: number; uid: number; gid: number }

/** COPY and ADD: moves files into a root, in a worker thread, every path resolved by the kernel inside its root. */
export interface Files {
  copy(request: CopyRequest): Promise<void>
  /**
   * A directory as a tree: what is asked for is read and hashed, in a worker thread. `memo` is a file beside the tree, for
   * digests of what will not have changed the next time.
   */
  tree(root: string, memo?: string): FileTree
  /** Documents as files in a directory of their own, until it is disposed of. */
  documents(documents: readonly Heredoc[]): Promise<FileTree & AsyncDisposable>
  makeDirectory(root: string, path: string, owner: { uid: number; gid: number }): Promise<void>
  /** The path on the host of a path in a tree, resolved inside of the tree. Rejects with NotFound. */
  resolve(root: string, path: string): Promise<string>
  /** Keeps what a digest of a tree was made of, so that a later one can be compared with it. */
  remember(digest: Digest): Promise<void>
  /** Which files differ between two digests; null where that is not known (any more). */
  differences(before: Digest, now: Digest): Promise<FileDifferences | null>
  /** Numbers for `user[:group]`, from the files of that root. */
  owner(root: string, user: string): Promise<{ uid: number; gid: number }>
}

export interface FileDifferences {
  /** The first of them, in words: `a.c`, `b.c is new`, `c/ is gone`. */
  names: string[]
  /** How many there are. */
  count: number
}

export interface CopyRequest {
  from: string
  sources: readonly string[]
  to: string
  dest: string
  owner: { uid: number; gid: number } | null
  chmod?: string
  unpack: boolean
  parents: boolean
  exclude: readonly string[]
  followLinks: boolean
  signal: AbortSignal
}

/** Contexts, downloads and repositories, as trees of files. */
export interface Sources {
  /** `paths` are all that the build reads of it, as `FileSelection.include` has them; links are followed. */
  context(name: string, paths: readonly string[]): Promise<FileTree | null>
  http(url: string, checksum: string | undefined, signal: AbortSignal): Promise<FileTree>
  git(
    url: string,
    options: { keepGitDir: boolean; checksum?: string },
    signal: AbortSignal,
  ): Promise<FileTree>
  secret(id: string): Promise<Buffer | null>
  /** Path of a socket of an ssh agent. */
  ssh(id: string): Promise<string | null>
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
  /** Names of contexts that stand for an image (`docker-image://…`), with its reference. */
  namedImages: ReadonlyMap<string, string>
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

/** A step's result under its key. */
export type BuiltRecord = Pick<CacheRecord, 'key' | 'snapshot' | 'createdAt'>

/** A build cache of somebody else. */
export interface RemoteCache {
  /** The result of the step of that key, its layers brought here; null when it is not there. */
  find(key: string): Promise<{ snapshot: Snapshot; createdAt: string } | null>
}

/** Where records are kept. Every call is one short database statement. */
export interface CacheTable {
  get(key: string): CacheRecord | undefined
  set(key: string, record: CacheRecord): void
  delete(key: string): boolean
  values(): CacheRecord[]
}

/** What the cache keeps of a step. */
export interface CacheRecord {
  /** Digest of the step and of what went into it. */
  key: string
  snapshot: Snapshot
  /** What it was: shown by `builder du`. */
  description: string
  createdAt: string
  usedAt: string
  uses: number
  /** Bytes that only this record holds. */
  size: number
  /** The inputs by name, so that a later miss can tell what changed. */
  inputs: Readonly<Record<string, string>>
}
