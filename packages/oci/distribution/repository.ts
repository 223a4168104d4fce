import type { Digest } from '../digest.ts'
import { discard } from './answers.ts'
import { openBlob } from './blobs.ts'
import type { Access, RegistryLimits, Repository } from './contracts.ts'
import { RegistryError, type RegistryReason } from './errors.ts'
import type { HostRequest, RegistryHost, WholeAnswer } from './host.ts'
import { fetchManifest, putManifest, resolveManifest } from './manifests.ts'
import { listReferrers } from './referrers.ts'
import { listTags } from './tags.ts'
import type { Answer } from './transport.ts'
import { mountBlob, uploadBlob } from './uploads.ts'

export interface RepositoryOptions {
  domain: string
  path: string
  access: Access
  /** Asked first, in this order, without credentials. */
  mirrors: readonly (() => Promise<RegistryHost>)[]
  origin: () => Promise<RegistryHost>
  log: (message: string) => void
}

/** What a repository's parts send their requests with. */
export interface RepositoryHost {
  readonly name: string
  readonly path: string
  readonly limits: RegistryLimits
  /** See RegistryHost. */
  readonly listsNoReferrers: boolean
  noteNoReferrers(): void
  /** `path` is below the repository: `/manifests/latest`. */
  send(request: RepositoryRequest): Promise<Answer>
  /** With the body, of at most `limit` bytes. */
  fetch(request: RepositoryRequest, limit: number, what: string): Promise<WholeAnswer>
}

export type RepositoryRequest = Omit<HostRequest, 'credentials' | 'scopes' | 'path'> & {
  path: string | URL
  /** Repositories of the same registry that are read as well. */
  alsoPull?: readonly string[]
}

const failures: ReadonlySet<RegistryReason> = new Set([
  'unreachable',
  'tls',
  'server',
  'rate-limited',
  'unauthorized',
])

const actions = { pull: 'pull', push: 'pull,push', delete: 'delete,pull,push' }

/** A repository reached by its mirrors first, where it has any, and its registry last. */
export function createRepository(options: RepositoryOptions): Repository {
  const { domain, path, access } = options
  const origin = async (): Promise<RepositoryHost> => repositoryHost(await options.origin(), path, access)
  const first = <T>(ask: (host: RepositoryHost) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    throughMirrors(options, ask, signal)
  return {
    domain,
    path,
    resolve: (name, call = {}) => first((host) => resolveManifest(host, name, call), call.signal),
    manifest: (name, call = {}) => first((host) => fetchManifest(host, name, call), call.signal),
    blob: (descriptor, call = {}) => first((host) => openBlob(host, descriptor, call), call.signal),
    referrers: (digest, call = {}) => first((host) => listReferrers(host, digest, call), call.signal),
    tags: async ({ signal } = {}) => listTags(await origin(), signal),
    hasBlob: async (digest, { signal } = {}) => hasBlob(await origin(), digest, signal),
    mountBlob: async (digest, from, { signal } = {}) => mountBlob(await origin(), digest, from, signal),
    uploadBlob: async (descriptor, open, call = {}) => uploadBlob(await origin(), descriptor, open, call),
    putManifest: async (name, manifest, { signal } = {}) =>
      putManifest(await origin(), name, manifest, signal),
    deleteManifest: async (digest, { signal } = {}) => {
      const host = await origin()
      discard(await host.send({ method: 'DELETE', path: `/manifests/${digest}`, wanted: 'manifest', signal }))
    },
  }
}

function repositoryHost(
  host: RegistryHost,
  path: string,
  { action, credentials = {}, headers }: Access,
): RepositoryHost {
  const scope = `repository:${path}:${actions[action]}`
  const whole = ({ alsoPull = [], path: below, ...request }: RepositoryRequest): HostRequest => ({
    ...request,
    // One of its own: many requests of one pull would each hang listeners on the pull's.
    signal: request.signal && AbortSignal.any([request.signal]),
    path: below instanceof URL ? below : `/v2/${path}${below}`,
    headers: { ...headers, ...request.headers },
    credentials,
    scopes: [scope, ...alsoPull.map((other) => `repository:${other}:pull`)],
  })
  return {
    name: host.name,
    path,
    limits: host.limits,
    listsNoReferrers: host.listsNoReferrers,
    noteNoReferrers: () => host.noteNoReferrers(),
    send: (request) => host.send(whole(request)),
    fetch: (request, limit, what) => host.fetch(whole(request), limit, what),
  }
}

async function throughMirrors<T>(
  { mirrors, origin, path, access, log }: RepositoryOptions,
  ask: (host: RepositoryHost) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (const mirror of mirrors) {
    const host = await mirror()
    if (host.isResting) continue
    try {
      // The credentials are the registry's, not the mirror's.
      const { credentials: _, ...anonymous } = access
      return await ask(repositoryHost(host, path, anonymous))
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      if (!(error instanceof RegistryError)) throw error
      // One that lacks a thing may have others; one that fails is not waited for again with each layer.
      if (failures.has(error.reason)) host.rest()
      log(`passing over the mirror ${host.name} for ${path}: ${error.message}`)
    }
  }
  return ask(repositoryHost(await origin(), path, access))
}

async function hasBlob(
  host: RepositoryHost,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const answer = await host.send({
    method: 'HEAD',
    path: `/blobs/${digest}`,
    wanted: 'blob',
    accept: [404],
    signal,
  })
  discard(answer)
  return answer.status !== 404
}
