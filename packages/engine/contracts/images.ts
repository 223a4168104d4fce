/** Images, and the registries they come from and go to. */
import type { Readable } from 'node:stream'
import type {
  ContainerConfig,
  ImageDeleteResponseItem,
  ImageHistoryResponseItem,
  ImageInspect,
  ImageSummary,
  Operations,
} from '@gantry/api'
import type { Credentials, Descriptor, Digest, Platform, Reference } from '@gantry/oci'
import type { Collectable, CollectionPolicy } from '../images/collect.ts'
import type { Filters } from './filters.ts'

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
  /** Of this platform's manifest. */
  manifest: Descriptor
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
  remove(reference: string, options: ImageRemoveOptions): Promise<ImageDeleteResponseItem[]>
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
  /** Bytes of the layers that images have, shared ones once. */
  layerBytes(): Promise<number>
  /**
   * Pulls from a registry; yields Docker's progress messages. Before the first of them it rejects with NotFound or another
   * error in Docker's words. A reader that stops gives the pull up; what has been downloaded is kept for the next one.
   */
  pull(reference: Reference, options: ImagePullOptions): AsyncIterable<ProgressMessage>
  /** Pushes a tag, or every tag of a repository, to its registry; failures come after the first message. */
  push(reference: Reference, options: ImagePushOptions): AsyncIterable<ProgressMessage>
}

export interface ImageRemoveOptions {
  force?: boolean
  /** Keep parents without a name. */
  noPrune?: boolean
  /** Only what the image holds for these (`linux/arm64`); everything without them. */
  platforms?: string[]
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
  /** `lines`: of the Dockerfile, for our own command. */
  errorDetail?: { code?: number; message: string; lines?: { first: number; last: number } }
  error?: string
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
