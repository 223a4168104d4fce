/**
 * The client of registries (OCI distribution-spec 1.1, Docker's registry API v2), seen from its callers.
 *
 *   const registries = createRegistries(config)                       one for a process: connections and tokens are shared
 *   const repository = registries.repository(reference, { action: 'pull', credentials })
 *   const { descriptor, bytes } = await repository.manifest(reference.tag)
 *   const { stream } = await repository.blob(layer, { offset: 4096, signal })
 *
 * Who tries again. The client repeats what it can repeat without the caller's noticing: a request whose connection
 * failed before an answer, 429 (after Retry-After) and 5xx, with a growing, jittered pause, `RegistryLimits.attempts`
 * times; a 401 by fetching a new token once; a mirror's failure by asking the next mirror, then the origin; and a broken
 * upload, whose source it can open again. The caller resumes a blob whose stream broke: it knows what it has kept, so it
 * calls `blob` again with the new offset. What is thrown is final for the call; `RegistryError.retryable` says whether
 * the same call may succeed later.
 *
 * Every promise and stream ends by `signal`: the socket is destroyed, and the rejection is the signal's reason.
 * Failures are RegistryError (see errors.ts). Configuration, credentials and descriptors are plain data, so that a worker
 * thread can build a client of its own.
 */
import type { Readable } from 'node:stream'
import type { Digest } from '../digest.ts'
import type { Descriptor } from '../manifest.ts'
import type { Reference } from '../reference.ts'

/** How registries may be reached. Comes from the daemon's configuration, or from a command's flags. */
export interface RegistryConfig {
  /**
   * `host`, `host:port` or an address range (`10.0.0.0/8`): https without verification, then plain http. Loopback
   * addresses and `localhost` count as insecure without being named.
   */
  insecureRegistries: readonly string[]
  /** By registry (`docker.io`, `registry.example:5000`): base URLs that pulls ask first, in this order. */
  mirrors: Readonly<Record<string, readonly string[]>>
  /** By registry: further hosts whose token servers may be given the registry's credentials. */
  tokenServers: Readonly<Record<string, readonly string[]>>
  /** Folders with `<host:port>/` that hold `*.crt` (authorities) and `*.cert` with `*.key` (client certificates). */
  certificateDirectories: readonly string[]
  /** Proxy URLs, and the hosts reached without (`localhost,.example.com,10.0.0.0/8`). Empty: none. */
  proxies: { http: string; https: string; no: string }
  userAgent: string
  limits: RegistryLimits
}

export interface RegistryLimits {
  /** Connections to one host at a time; more requests wait for one. */
  connectionsPerHost: number
  /** How often one request is tried in all. */
  attempts: number
  /** Milliseconds until a connection, its TLS included, must stand. */
  connectTimeout: number
  /** Milliseconds without a byte in either direction after which a request has failed. There is no limit on its whole. */
  idleTimeout: number
  /** The longest that a Retry-After is waited for, in milliseconds; a longer one is an error that says when. */
  longestRetryAfter: number
}

/** Who asks: what X-Registry-Auth carries. With none of the fields set, anonymous. */
export interface Credentials {
  username?: string
  password?: string
  /** A refresh token (OAuth 2) that stands for a password. */
  identityToken?: string
  /** A bearer token to be sent as it is. */
  registryToken?: string
  /** The registry they are for, as the client named it. */
  serverAddress?: string
}

export interface Access {
  /** `push` includes pull; `delete` includes everything. Mirrors are asked for `pull` only. */
  action: 'pull' | 'push' | 'delete'
  credentials?: Credentials
  /** Sent with each request to the registry and its mirrors: Docker's `X-Meta-*`. */
  headers?: Readonly<Record<string, string>>
}

export interface Registries {
  /** Costs nothing: nobody is asked before a method is called. Tag and digest of the reference do not matter. */
  repository(reference: Pick<Reference, 'domain' | 'path'>, access: Access): Repository
  /**
   * Checks credentials with the registry at `serverAddress` (none: Docker's own).
   * Rejects with `unauthorized`. An identity token is what the registry wants to be shown from now on.
   */
  login(credentials: Credentials, options?: CallOptions): Promise<LoginResult>
  /** Asks the v1 search of the registry that the term begins with (`registry:5000/term`), or Docker's own. */
  search(term: string, options: SearchOptions): Promise<SearchResult[]>
  /**
   * Gets the file behind an http or https URL, through redirects; user and password in it are for its own origin. Rejects
   * in Docker's words, with NotFound for a 404.
   */
  download(url: URL, options?: CallOptions): Promise<DownloadedFile>
  /** Takes a new configuration for everything that starts from now on. Tokens and idle connections are dropped. */
  configure(config: RegistryConfig): void
  /** Destroys every connection; what is under way rejects. */
  close(): void
}

export interface DownloadedFile {
  /** To be read; it fails in Docker's words. Ending it early ends the connection. */
  body: AsyncIterable<Buffer>
  /** Bytes, where the server says it. */
  size?: number
  /** The header Last-Modified. */
  modified?: Date
}

export interface LoginResult {
  status: string
  /** Empty when the registry gives none. */
  identityToken: string
}

export interface SearchOptions extends CallOptions {
  credentials?: Credentials
  /** 1 to 100. */
  limit: number
  headers?: Readonly<Record<string, string>>
}

export interface SearchResult {
  name: string
  description: string
  starCount: number
  isOfficial: boolean
  isAutomated: boolean
}

export interface CallOptions {
  signal?: AbortSignal
}

/** One repository of one registry, reached through its mirrors where they may be used. Holds nothing that must be closed. */
export interface Repository {
  readonly domain: string
  readonly path: string

  /**
   * What a tag or digest names. One HEAD; a registry that does not tell the digest costs a GET.
   * Rejects with `manifest-unknown`, `name-unknown`, `denied`, `unauthorized`.
   */
  resolve(tagOrDigest: string, options?: ManifestOptions): Promise<Descriptor>

  /**
   * The manifest or index, whole and verified: the digest is that of the bytes, and the one asked for or announced; the
   * size is theirs; and the body is what its Content-Type and mediaType both say (see parseManifest, schema 1 is refused).
   */
  manifest(tagOrDigest: string, options?: ManifestOptions): Promise<FetchedManifest>

  /**
   * Opens a blob from `offset` on: one attempt at the body (see above). The stream is not verified against the digest,
   * that is for who stores it; it fails when more or fewer bytes arrive than `descriptor.size` says, when nothing arrives
   * for `idleTimeout`, and by the signal. Nothing is read from the network before the stream is.
   * Rejects with `blob-unknown`, `unauthorized`, `denied`.
   */
  blob(descriptor: Descriptor, options?: BlobOptions): Promise<BlobAnswer>

  /** Every tag, in the registry's order. Rejects with `name-unknown`. */
  tags(options?: CallOptions): Promise<string[]>

  hasBlob(digest: Digest, options?: CallOptions): Promise<boolean>

  /** Takes the blob over from another repository (a path) of this registry. False: not there, or not allowed. */
  mountBlob(digest: Digest, fromPath: string, options?: CallOptions): Promise<boolean>

  /**
   * Sends a blob: monolithic when it is small, else in chunks that are resumed at the offset which the registry
   * confirms. `open` is called for each attempt and has its stream destroyed when the attempt fails.
   */
  uploadBlob(
    descriptor: Descriptor,
    open: (offset: number) => Readable | Promise<Readable>,
    options?: UploadOptions,
  ): Promise<void>

  /**
   * Stores a manifest under a tag or its digest. When it has a `subject` and the registry knows no referrers, the index
   * under the tag `sha256-<hex>` is brought up to date as well.
   */
  putManifest(
    tagOrDigest: string,
    manifest: { mediaType: string; bytes: Uint8Array },
    options?: CallOptions,
  ): Promise<Descriptor>

  deleteManifest(digest: Digest, options?: CallOptions): Promise<void>

  /** What names this manifest as its subject (signatures, attestations); by tag where the registry has no referrers API. */
  referrers(digest: Digest, options?: ReferrersOptions): Promise<Descriptor[]>
}

export interface ManifestOptions extends CallOptions {
  /** Media types to be offered. Default: manifests and indexes of the OCI and of Docker. */
  accept?: readonly string[]
  /** Largest body in bytes. Default and most: `largestManifest`. */
  limit?: number
}

export interface FetchedManifest {
  /** mediaType, digest and size of the bytes. */
  descriptor: Descriptor
  bytes: Buffer
  /** The host that gave it: a mirror's, or the registry's. */
  host: string
}

export interface BlobOptions extends CallOptions {
  /** First byte wanted. */
  offset?: number
  /** `validator` of the answer whose beginning is kept: the registry sends everything when it has changed (If-Range). */
  validator?: string
}

export interface BlobAnswer {
  stream: Readable
  /** Where the stream begins: the offset asked for, or 0 when the registry does not give ranges. */
  offset: number
  /** The registry's strong ETag. */
  validator?: string
  host: string
}

export interface UploadOptions extends CallOptions {
  /** Bytes that the registry has or that were handed to the socket; goes back when an attempt is resumed lower. */
  onProgress?: (sent: number) => void
}

export interface ReferrersOptions extends CallOptions {
  artifactType?: string
}
