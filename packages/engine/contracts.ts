/**
 * What the engine offers to the daemon's routes (and to anything else that embeds it). Shapes of containers, images,
 * networks and volumes are the API's own definitions, imported as types only: see docs/decisions/0002.
 * A `reference` to a container is its full id, its name, or an unambiguous prefix of its id.
 */

import type { Duplex, Readable, Writable } from 'node:stream'
import type {
  ContainerConfig,
  ContainerInspectResponse,
  ContainerStatsResponse,
  ContainerSummary,
  EndpointSettings,
  EventMessage,
  GarbageReport,
  HostConfig,
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
  NetworkInspect,
  NetworkingConfig,
  Operations,
  SystemInfo,
  SystemVersion,
  Volume,
} from '@gantry/api'
import type { PathStat } from '@gantry/archive'
import type { CacheUsage, PruneRule } from '@gantry/build'
import type { Credentials, Digest, Platform, Reference } from '@gantry/oci'
import type { ConsoleSize, LogBlock, LogQuery, OutputFrame } from '@gantry/runtime'
import type { Collectable, CollectionPolicy } from './images/collect.ts'

/** Filters of a list request, `{"status": ["running"], "label": ["a=b"]}`, checked against what the list knows. */
export type Filters = Readonly<Record<string, readonly string[]>>

export interface ContainerCreateRequest {
  name?: string
  platform?: string
  config: ContainerConfig
  hostConfig: HostConfig
  networkingConfig: NetworkingConfig
}

export interface ContainerListOptions {
  all?: boolean
  limit?: number
  size?: boolean
  filters?: Filters
}

/** `not-running` holds at once for a container that is not running; the others wait for the next such change. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export interface WaitResult {
  exitCode: number
  /** Why the container could not be waited for to its end, e.g. it could not be removed. */
  error?: string
}

/** What a container can be waited to become; several are alternatives. */
export type WaitState =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'dead'
  | 'removed'
  | 'healthy'
  | 'unhealthy'

export interface StateWaitResult {
  state: WaitState
  /** Of the latest run that has ended; 0 while none has. */
  exitCode: number
}

export interface AttachOptions {
  stdin?: boolean
  stdout?: boolean
  stderr?: boolean
  /** Replay what is in the log first. */
  logs?: boolean
  /** Go on with what comes. */
  stream?: boolean
  /** Docker's notation, `ctrl-p,ctrl-q`; an empty string means the default. */
  detachKeys?: string
}

/** The stdio of a container or exec as one client sees it. Nothing moves until `output` is read. */
export interface AttachSession extends AsyncDisposable {
  /** With a terminal the bytes go out as they are; otherwise the daemon frames them. */
  readonly terminal: boolean
  /** Object stream of OutputFrame; ends when the process's side is drained or the user detached. */
  readonly output: Readable
  /** Null when stdin was not asked for or the container has none. `end()` half-closes. */
  readonly stdin: Writable | null
  /** Drops the client's connection. The process goes on. */
  close(): void
}
export type { OutputFrame }

export type LogOptions = LogQuery

export interface ContainerLogs {
  terminal: boolean
  /** What `--details` tells beside each line. */
  details: Record<string, string>
  blocks: AsyncIterable<LogBlock>
}

export type ContainerUpdateRequest = Operations['ContainerUpdate']['body']

export interface ExecCreateRequest {
  attachStdin?: boolean
  attachStdout?: boolean
  attachStderr?: boolean
  tty?: boolean
  consoleSize?: ConsoleSize
  detachKeys?: string
  env?: string[]
  cmd: string[]
  privileged?: boolean
  user?: string
  workingDir?: string
  /** Not in the container's own file system alone, but with tools beside it: see docs/debug.md. */
  debug?: DebugWishes
}

export interface DebugWishes {
  /** An image whose file system is the root; without it, the container's, with the host's busybox. */
  image?: string
}

export interface Containers {
  /** Throws NotFound `No such image: X`, Conflict for a name in use, InvalidParameter for the rest. */
  create(request: ContainerCreateRequest): Promise<{ id: string; warnings: string[] }>
  list(options: ContainerListOptions): Promise<ContainerSummary[]>
  inspect(reference: string, options?: { size?: boolean }): Promise<ContainerInspectResponse>
  /** Throws NotModified when it runs already. With a checkpoint, its processes go on as they were in that. */
  start(reference: string, checkpoint?: CheckpointReference): Promise<void>
  /** Throws NotModified when it does not run. `timeout` in seconds; -1 waits for ever. */
  stop(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>
  restart(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>
  /** `signal` by name, with or without SIG, or number. Throws Conflict when it does not run. */
  kill(reference: string, signal: string): Promise<void>
  pause(reference: string): Promise<void>
  unpause(reference: string): Promise<void>
  /** Limits and restart policy; returns warnings. All of it holds and is kept, or nothing has changed. */
  update(reference: string, request: ContainerUpdateRequest): Promise<string[]>
  rename(reference: string, name: string): Promise<void>
  remove(reference: string, options?: { force?: boolean; volumes?: boolean; link?: boolean }): Promise<void>
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>
  resize(reference: string, size: ConsoleSize): Promise<void>
  /** Resolves once the wait is registered; `result` settles with the end. */
  wait(
    reference: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ result: Promise<WaitResult> }>
  /** As `wait`, until the container is in one of the states, which may be at once. Throws InvalidParameter. */
  waitForState(
    reference: string,
    states: readonly WaitState[],
    signal?: AbortSignal,
  ): Promise<{ result: Promise<StateWaitResult> }>
  attach(reference: string, options: AttachOptions): Promise<AttachSession>
  /** Throws NotImplemented when the log driver keeps nothing. */
  logs(reference: string, options: LogOptions): Promise<ContainerLogs>
  /** One sample, empty for a container that does not run. Without `oneShot` there is one before it to compare with. */
  statsOnce(reference: string, options: { oneShot?: boolean }): Promise<ContainerStatsResponse>
  /** A sample now and one a second, until the container is removed or the signal says so. Throws NotFound at once. */
  stats(reference: string, signal?: AbortSignal): AsyncIterable<ContainerStatsResponse>
  /** Empties the log, also of a running container. What is to be forwarded still is. */
  clearLogs(reference: string): Promise<void>
  top(reference: string, psArguments: string): Promise<{ titles: string[]; processes: string[][] }>
  /** Ids of containers by what they use, for other services' conflict checks. */
  usersOfImage(imageId: Digest): { id: string; running: boolean }[]
}

/** What a path in a container names; `mode` has the bits of Go's os.FileMode. */
export type ContainerPathStat = PathStat
export type FilesystemChanges = NonNullable<Operations['ContainerChanges']['answer']>

export interface ExtractOptions {
  /** Refuse to replace a directory by something else, and the reverse. */
  keepKinds?: boolean
  /** Everything is to belong to the user that the container runs as. */
  asUser?: boolean
}

export interface CommitOptions {
  repo?: string
  tag?: string
  comment?: string
  author?: string
  /** Dockerfile instructions, as ImageImportOptions has them. */
  changes?: string[]
  /** Keep the container still meanwhile. */
  pause: boolean
  /** In the place of the container's own. */
  config?: ContainerConfig
}

/**
 * Files of containers, running or not, as the container sees them: volumes and bind mounts included. Paths are resolved
 * inside the container's root. Throws NotFound `Could not find the file X in container Y`.
 */
export interface ContainerFiles {
  stat(reference: string, path: string): Promise<ContainerPathStat>
  /** The archive of what a path names. Destroying `body` ends it. */
  archive(reference: string, path: string): Promise<{ stat: ContainerPathStat; body: Readable }>
  /** Unpacks an archive into a directory. Throws Forbidden for what is read-only. */
  extract(reference: string, path: string, archive: Readable, options: ExtractOptions): Promise<void>
  /** The root file system as an archive, without what is mounted in it. */
  export(reference: string): Promise<Readable>
  changes(reference: string): Promise<FilesystemChanges>
  /** Makes an image of what the container has changed; resolves to its id. */
  commit(reference: string, options: CommitOptions): Promise<Digest>
}

export interface Execs {
  create(container: string, request: ExecCreateRequest): Promise<{ id: string }>
  /** Null when detached: the process runs on without a client. */
  start(
    id: string,
    options: { detach?: boolean; tty?: boolean; consoleSize?: ConsoleSize },
  ): Promise<AttachSession | null>
  inspect(id: string): Promise<Operations['ExecInspect']['answer']>
  resize(id: string, size: ConsoleSize): Promise<void>
}

/** A checkpoint of a container: in a directory of the host that the user names, or with the container. */
export interface CheckpointReference {
  id: string
  directory?: string
}

export interface Checkpoints {
  /** Throws InvalidParameter for an id that is none, Conflict for a container that does not run. */
  create(container: string, checkpoint: CheckpointReference, options: { exit: boolean }): Promise<void>
  /** Their ids. */
  list(container: string, directory?: string): Promise<string[]>
  remove(container: string, checkpoint: CheckpointReference): Promise<void>
}

/** An image as the engine runs it: what `create` and `start` need to know. */
export interface ResolvedImage {
  /** Digest of the image configuration: Docker's image id. */
  id: Digest
  /** Chain id of the top layer; null for an image without layers. */
  chainId: Digest | null
  /** The image's own Config: Env, Cmd, Entrypoint, User, WorkingDir, Volumes, ExposedPorts, Labels, Healthcheck, … */
  config: ContainerConfig
  os: string
  architecture: string
  variant?: string
}

export interface Images {
  /**
   * By reference (`busybox`, `busybox:1`, `name@sha256:…`), full id or id prefix.
   * Throws NotFound `No such image: X:tag`, or NotFound naming the platform that is not there.
   */
  resolve(reference: string, platform?: string): Promise<ResolvedImage>
  /** The lower directories of an image's root file system, top first. */
  rootfs(image: Digest): Promise<string[]>
  list(options: ImageListOptions): Promise<ImageSummary[]>
  inspect(reference: string, options?: ImageInspectOptions): Promise<ImageInspect>
  history(reference: string, platform?: string): Promise<ImageHistoryResponseItem[]>
  /** What differs from one image's files to another's: lines of JSON, in the order of paths. */
  diff(from: string, to: string, platform?: string): Promise<Readable>
  /** What each layer of an image adds, changes and removes: lines of JSON, base first. */
  explore(reference: string, platform?: string): Promise<Readable>
  tag(source: string, target: { repo: string; tag: string }): Promise<void>
  remove(
    reference: string,
    options: { force?: boolean; noPrune?: boolean },
  ): Promise<ImageDeleteResponseItem[]>
  prune(filters: Filters): Promise<{ deleted: ImageDeleteResponseItem[]; spaceReclaimed: number }>
  /** Removes by a policy, or tells what would go. */
  collect(policy: CollectionPolicy, dryRun: boolean): Promise<Collectable[]>
  /** Reads a docker-archive or OCI layout tar (also compressed); yields Docker's progress messages. */
  load(archive: Readable, options: ImageLoadOptions): AsyncIterable<ProgressMessage>
  /** A docker-archive (with an OCI layout inside, as Docker 25+ writes) of the named images. */
  save(references: string[], platforms?: string[]): Promise<Readable>
  /** Makes a one-layer image of a root file system tar; resolves to its id. */
  import(rootfs: Readable, options: ImageImportOptions): Promise<Digest>
  /** The same from a URL. The last message is the id; before the first, it rejects in Docker's words. */
  importFrom(url: string, options: ImageImportOptions): AsyncIterable<ProgressMessage>
  /** Makes an image of one more layer on top of another; resolves to its id and its name, empty without one. */
  commit(layer: () => Promise<Readable>, options: ImageCommitOptions): Promise<{ id: Digest; name: string }>
  count(): number
  /**
   * Pulls from a registry; yields Docker's progress messages. Before the first of them it rejects with NotFound or another
   * error in Docker's words. A reader that stops gives the pull up; what has been downloaded is kept for the next one.
   */
  pull(reference: Reference, options: ImagePullOptions): AsyncIterable<ProgressMessage>
  /** Pushes a tag, or every tag of a repository, to its registry; failures come after the first message. */
  push(reference: Reference, options: ImagePushOptions): AsyncIterable<ProgressMessage>
}

export interface ImageListOptions {
  all?: boolean
  filters?: Filters
  /** Count what an image shares with others. */
  sharedSize?: boolean
  /** Tell of each platform. */
  manifests?: boolean
}

/** Platforms are `os/architecture/variant`. */
export interface ImageInspectOptions {
  platform?: string
  manifests?: boolean
}

export interface ImageLoadOptions {
  quiet?: boolean
  signal?: AbortSignal
  /** Only these of an index; all that are there when empty. */
  platforms?: string[]
}

/** What a client says to a registry through the engine. */
export interface RegistryAccess {
  credentials?: Credentials
  /** `X-Meta-…` headers to be passed on. */
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

export interface ImagePullOptions extends RegistryAccess {
  /** Every tag of the repository. */
  allTags?: boolean
  /** `os/architecture/variant`. */
  platform?: string
}

export interface ImagePushOptions extends RegistryAccess {
  /** Only the image for this platform of an index. */
  platform?: string
}

export interface ImageCommitOptions {
  /** Null for an image of this layer alone. */
  parent: Digest | null
  platform: Platform
  config: ContainerConfig
  /** What the history says made it. */
  createdBy: string
  comment?: string
  author?: string
  repo?: string
  tag?: string
}

export interface ImageImportOptions {
  repo?: string
  tag?: string
  message?: string
  /** Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, ONBUILD, USER, VOLUME, WORKDIR, LABEL, STOPSIGNAL, HEALTHCHECK. */
  changes?: string[]
  platform?: string
  signal?: AbortSignal
}

/** One line of a JSON message stream: `{"stream": …}`, `{"status": …, "progressDetail": …}`. */
export interface ProgressMessage {
  stream?: string
  status?: string
  id?: string
  progress?: string
  progressDetail?: { current?: number; total?: number }
  aux?: unknown
  errorDetail?: { code?: number; message: string }
  error?: string
}

/** Networks as the API shows them, with containers' endpoints; connects stopped and running containers. */
export interface NetworkService {
  create(request: Operations['NetworkCreate']['body']): Promise<{ id: string; warning: string }>
  inspect(reference: string, options?: { verbose?: boolean; scope?: string }): Promise<NetworkInspect>
  list(filters: Filters): Promise<NetworkInspect[]>
  remove(reference: string): Promise<void>
  prune(filters: Filters): Promise<string[]>
  connect(reference: string, container: string, settings: EndpointSettings): Promise<void>
  disconnect(reference: string, container: string, force: boolean): Promise<void>
}

export interface VolumeService {
  create(request: Operations['VolumeCreate']['body']): Promise<Volume>
  inspect(name: string): Promise<Volume>
  list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }>
  remove(name: string, force: boolean): Promise<void>
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>
}

export interface RegistrySearch {
  credentials: Credentials
  /** Sent on to the registry. */
  headers: Record<string, string>
  /** 1 to 100; 0 is the default of 25. */
  limit?: number
  /** `is-official`, `is-automated`, `stars`. */
  filters: Filters
  signal?: AbortSignal
}

/** What registries are asked besides images. Failures are those of the registry client: Unauthorized, Forbidden, NotFound, … */
export interface RegistryService {
  login(credentials: Credentials, signal?: AbortSignal): Promise<Operations['SystemAuth']['answer']>
  /** What a name stands for in its registry, without pulling it. */
  distribution(
    name: string,
    credentials: Credentials,
    signal?: AbortSignal,
  ): Promise<Operations['DistributionInspect']['answer']>
  search(term: string, options: RegistrySearch): Promise<Operations['ImageSearch']['answer']>
}

export interface EventQuery {
  since?: Date
  until?: Date
  filters?: Filters
  signal?: AbortSignal
}

/** What happened, kept for a while (the last 1,000 or so) and told to whoever listens. */
export interface Events {
  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void
  /** Past events since `since`, then new ones until `until` or the signal. A slow reader is dropped at 10,000 waiting events. */
  subscribe(query: EventQuery): AsyncIterable<EventMessage>
}
export type EventType = NonNullable<EventMessage['Type']>

export interface SystemService {
  info(): Promise<SystemInfo>
  version(): Promise<SystemVersion>
  diskUsage(): Promise<Operations['SystemDataUsage']['answer']>
}

/** What `POST /build` is asked. */
export interface EngineBuildRequest {
  /** Path in the context. */
  dockerfile: string
  /** Address of a context that the engine fetches, instead of the archive. */
  remote?: string
  tags: readonly string[]
  args: ReadonlyMap<string, string>
  labels: Readonly<Record<string, string>>
  target?: string
  /** `os/architecture/variant`; none for this machine's. */
  platforms: readonly string[]
  /** What is to be made of the result; an image among those of this machine when there is none. */
  outputs: readonly BuildOutput[]
  /** Named contexts: `docker-image://…`, a URL, `layout:…` with what `uploadLayout` resolved to, `local` for the session's. */
  contexts: Readonly<Record<string, string>>
  /** What is to be said about it, by type: `{"provenance": "mode=max", "sbom": ""}`. */
  attests: Readonly<Record<string, string>>
  /** For pulls of base images and pushes, by the registry's host name. */
  credentials?: (domain: string) => Credentials | undefined
  noCache: boolean
  /** Stages that are built anew. */
  noCacheFilter: readonly string[]
  /** Make one layer of those that are not the base image's. */
  squash: boolean
  pull: boolean
  /** Tell nothing but the image's id. */
  quiet: boolean
  /** Keep the file system that a failed RUN left as an image, and tell its id. */
  debug: boolean
  /** Build nothing: only tell what the build checks find. */
  check: boolean
  /** Tell what happens as data, for our own command line. */
  events: boolean
  network: string
  hosts: readonly string[]
  shmSize?: number
  ulimits?: readonly { Name: string; Soft: number; Hard: number }[]
  /** Of the processes of RUN. */
  limits?: Pick<
    HostConfig,
    | 'Memory'
    | 'MemorySwap'
    | 'CpuShares'
    | 'CpuPeriod'
    | 'CpuQuota'
    | 'CpusetCpus'
    | 'CpusetMems'
    | 'CgroupParent'
  >
  /** Tell that intermediate containers are removed, as classic clients expect: after success, always. */
  remove: boolean
  forceRemove: boolean
  /** The client's session, where secrets and agents come from, and its files if `context` says so. */
  session?: string
  /** Where the context is: in the request's body, asked for in the session, in an upload under this build's id, at `remote`. */
  context: 'body' | 'session' | 'upload' | 'remote'
  /** By which the build can be cancelled. */
  buildId?: string
  /** Tell what happens as BuildKit does. */
  trace: boolean
  signal?: AbortSignal
}

/** An exporter of BuildKit's by name, and its attributes. */
export interface BuildOutput {
  type: string
  attributes: Readonly<Record<string, string>>
}

/** Which image of a layout: without either, the latest or the only one. */
export interface LayoutImage {
  tag?: string
  digest?: string
}

/** What became of a build: told as the last message, for our own command line. */
export interface BuildSummary {
  /** What to run: the image that names stand for on this machine. */
  image?: string
  names: string[]
  /** Of the last image that was given out. */
  descriptor?: { mediaType: string; digest: string; size: number }
  /** Of an image for one platform. */
  config?: string
  /** Of this run of the build. */
  ref?: string
  /** SLSA provenance by platform; by the empty word when there is one alone. */
  provenance?: Readonly<Record<string, object>>
}

/** Keeps the connection of a client that offers files, secrets and agents to its builds, until either side closes it. */
export type HoldSession = (connection: Duplex, signal: AbortSignal) => Promise<void>

export interface Builds {
  /** Headers describe a session. Rejects with InvalidParameter and Conflict. */
  session(headers: Readonly<Record<string, string | string[] | undefined>>): Promise<HoldSession>
  /** The context of a build that waits for it, or will do so soon. Resolves when it has been read. */
  upload(buildId: string, archive: Readable, signal: AbortSignal): Promise<void>
  /** Ends a running build; nothing when there is none of that id. */
  cancel(buildId: string): void
  /** Builds an image from an archive of a context; yields Docker's progress messages. A reader that stops cancels it. */
  build(context: Readable, request: EngineBuildRequest): AsyncIterable<ProgressMessage>
  /**
   * An archive that a running build gives out, which has told its name (`gantry.export`). Once. Throws NotFound.
   */
  export(id: string): AsyncIterable<Uint8Array>
  /** Takes an image layout in, for one build that begins within ten minutes. Resolves to its id. */
  uploadLayout(archive: Readable, wanted: LayoutImage): Promise<string>
}

/** What builds keep. */
export interface BuildCaches {
  usage(): Promise<CacheUsage[]>
  /** Forgets what may go. Rejects with InvalidParameter for filters that are not known. */
  prune(options: BuildPruneOptions): Promise<CachePruned>
  /** The content of a cache mount as an archive. Rejects with NotFound. */
  exportMount(id: string): Promise<Readable>
  /** Gives a cache mount the content of an archive. Rejects with Conflict while a step uses it. */
  importMount(id: string, archive: Readable, signal: AbortSignal): Promise<void>
}

/** What of the build cache may go. */
export type BuildPruneOptions = CacheRule & {
  /** Only tells what would go. */
  dryRun?: boolean
}

/** A rule of `builder.gc`. */
export type CacheRule = Omit<PruneRule, 'matches'> & { filters?: Filters }

export interface CachePruned {
  /** What went, or would go. */
  records: Pick<CacheUsage, 'id' | 'size' | 'usedAt'>[]
  spaceReclaimed: number
}

export type { GarbageReport } from '@gantry/api'

/** Cleans up by the daemon's policy. */
export interface Collector {
  /** Rejects with InvalidParameter when there is no policy. */
  run(dryRun: boolean): Promise<GarbageReport>
}

/** The whole engine, as the composition root hands it to the routes. */
export interface Engine {
  containers: Containers
  files: ContainerFiles
  checkpoints: Checkpoints
  execs: Execs
  images: Images
  builds: Builds
  buildCaches: BuildCaches
  collector: Collector
  networks: NetworkService
  volumes: VolumeService
  events: Events
  system: SystemService
  registry: RegistryService
}
