/** Image builds and their cache. */
import type { Duplex, Readable } from 'node:stream'
import type { HostConfig } from '@gantry/api'
import type { CacheUsage, CredentialsLookup, PruneRule } from '@gantry/build'
import type { Digest } from '@gantry/oci'
import type { ConsoleSize } from '@gantry/runtime'
import type { AttachSession } from './containers.ts'
import type { Filters } from './filters.ts'
import type { ProgressMessage } from './images.ts'

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
  /** What the client says of the repository that a local context is in, for the provenance: `source`, `revision`, … */
  repository?: Readonly<Record<string, string>>
  /** For pulls of base images and pushes, by the registry's host name. */
  credentials?: CredentialsLookup
  noCache: boolean
  /** Stages that are built anew. */
  noCacheFilter: readonly string[]
  /**
   * `--cache-from` and `--cache-to`: names, or `type=registry,ref=…`; `type=local` for an image layout of the client's, whose
   * blobs the session lends as the directory `src`, or which is given out as an archive.
   */
  cacheFrom: readonly (string | SessionCache)[]
  cacheTo: readonly (string | SessionCache)[]
  /** Make one layer of those that are not the base image's. */
  squash: boolean
  pull: boolean
  /** Tell nothing but the image's id. */
  quiet: boolean
  /** Offer a shell in what a failed RUN left, and tell its name. */
  debug: boolean
  /** Build nothing: only tell what the build checks find. */
  check: boolean
  /** Before that, tell the text of the Dockerfile. */
  tellDockerfile?: boolean
  /** Tell what was made, at the end. */
  tellResult?: boolean
  /** And what image each platform's result is or can be made into: builds of the same client may go on from it. */
  tellImages?: boolean
  /** With it, where it comes from: SLSA provenance. */
  tellProvenance?: boolean
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
  /** Other sessions that directories of the client come from, by the names of the directories. */
  directorySessions?: Readonly<Record<string, string>>
  /**
   * Where the context is: in the request's body as an archive or, of a small one, as a document of its files; asked for in
   * the session; in an upload under this build's id; at `remote`.
   */
  context: 'body' | 'files' | 'session' | 'upload' | 'remote'
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

/** A cache as clients of BuildKit name it: one of type `local` is a content store in their session. */
export interface SessionCache {
  type: string
  attributes: ReadonlyMap<string, string>
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

/** What a build has made for a platform, by the id of an image that it is or can be made into. */
export interface PlatformImage {
  platform: string
  image: string
}

/** Keeps a connection that has left HTTP/1.1, until either side closes it. */
export type HoldSession = (connection: Duplex, signal: AbortSignal) => Promise<void>

export interface Builds {
  /** Headers describe a session. Rejects with InvalidParameter and Conflict. */
  session(headers: Readonly<Record<string, string | string[] | undefined>>): Promise<HoldSession>
  /**
   * What a refused build has of its client will not be asked for: closes its session, unless another build has it, and
   * ends its upload.
   */
  dismiss(refused: Pick<EngineBuildRequest, 'session' | 'buildId'>): Promise<void>
  /** Answers BuildKit's control API on a connection. */
  control(): Promise<HoldSession>
  /** The context of a build that waits for it, or will do so soon. Resolves when it has been read. */
  upload(buildId: string, archive: Readable, signal: AbortSignal): Promise<void>
  /**
   * Starts a shell that a running build has told the name of (`gantry.debug`), and joins its terminal. Once. Rejects with
   * NotFound and Conflict.
   */
  joinShell(id: string): Promise<AttachSession>
  resizeShell(id: string, size: ConsoleSize): Promise<void>
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
  /** Only tells what would go; once the images `without` have gone, if they are named. */
  dryRun?: boolean
  without?: ReadonlySet<Digest>
}

/** A rule of `builder.gc`. */
export type CacheRule = Omit<PruneRule, 'matches'> & { filters?: Filters }

export interface CachePruned {
  /** What went, or would go. */
  records: CacheUsage[]
  spaceReclaimed: number
}
