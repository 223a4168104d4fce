/** Manifests in registries, asked for by the command itself: the engine has no part in it. */
import { credentialStore, dockerHub } from '@gantry/client'
import { GantryError, messageOf } from '@gantry/errors'
import {
  type Credentials,
  canonicalName,
  createRegistries,
  type Descriptor,
  defaultRegistryConfig,
  digestOf,
  isImageConfigType,
  json,
  largestConfig,
  parseManifest,
  parseReference,
  proxiesFromEnvironment,
  type Reference,
  type Registries,
  RegistryError,
  type Repository,
  withDefaultTag,
} from '@gantry/oci'
import type { CommandContext } from '../framework/command.ts'
import { version } from '../version.ts'
import { type EntryPlatform, entryPlatform, isList, type ManifestEntry, manifestEntry } from './entry.ts'

const certificateDirectories = ['/etc/gantry/certs.d', '/etc/docker/certs.d']

export interface FetchedList {
  ref: string
  descriptors: (Descriptor & { platform?: EntryPlatform })[]
}

/** Reads and writes manifests with the user's credentials. To be disposed of. */
export class RemoteManifests implements Disposable {
  readonly #context: CommandContext
  readonly #registries: Registries

  /** `insecure` names a registry that may be spoken to without verified TLS. */
  constructor(context: CommandContext, insecure: readonly string[]) {
    this.#context = context
    this.#registries = createRegistries({
      ...defaultRegistryConfig,
      insecureRegistries: insecure,
      certificateDirectories,
      proxies: proxiesFromEnvironment(context.env),
      userAgent: `gantry/${version} (cli)`,
    })
  }

  async repository(reference: Reference, action: 'pull' | 'push'): Promise<Repository> {
    const server = reference.domain === 'docker.io' ? dockerHub : reference.domain
    const found = await credentialStore(this.#context.config, server)
      .get(server)
      .catch(() => undefined)
    const credentials: Credentials = {
      ...(found?.username && { username: found.username }),
      ...(found?.password && { password: found.password }),
      ...(found?.identitytoken && { identityToken: found.identitytoken }),
      ...(found?.registrytoken && { registryToken: found.registrytoken }),
    }
    return this.#registries.repository(reference, { action, credentials })
  }

  /** An image's manifest with its platform, or a list. Rejects with `no such manifest: …`. */
  async fetch(reference: Reference): Promise<ManifestEntry | FetchedList> {
    const ref = canonicalName(reference)
    const repository = await this.repository(reference, 'pull')
    try {
      const { descriptor, bytes } = await repository.manifest(reference.digest ?? reference.tag ?? 'latest')
      if (isList(descriptor)) return listOf(ref, bytes)
      const manifest = parseManifest(bytes, descriptor.mediaType)
      if (manifest.kind === 'index') throw new Error(`${ref} is a manifest list`)
      const platform = await platformOf(repository, manifest.config)
      return manifestEntry(ref, { ...descriptor, ...(platform && { platform }) }, bytes)
    } catch (error) {
      throw worded(error, ref)
    }
  }

  /** The image, with `… is a manifest list` for what is none. */
  async image(reference: Reference): Promise<ManifestEntry> {
    const found = await this.fetch(reference)
    if ('descriptors' in found) throw new Error(`${found.ref} is a manifest list`)
    return found
  }

  [Symbol.dispose](): void {
    this.#registries.close()
  }
}

/** Reads a reference as the manifest commands take it. Throws with Docker's words, `failure` first where it says more. */
export function manifestReference(text: string, failure = ''): Reference {
  try {
    return withDefaultTag(parseReference(text))
  } catch (cause) {
    throw new Error(failure + messageOf(cause), { cause })
  }
}

function listOf(ref: string, bytes: Buffer): FetchedList {
  const body = json.parseJsonObject(bytes, 'manifest list', bytes.length)
  const index = parseManifest(bytes)
  if (index.kind !== 'index') throw new Error(`${ref} is not a manifest list`)
  const raw = json.list(body.manifests, 'manifests', json.object)
  const descriptors = index.manifests.map(({ platform: _, ...descriptor }, at) => {
    const platform = json.optional(raw[at]?.platform, 'platform', entryPlatform)
    return { ...descriptor, ...(platform && { platform }) }
  })
  return { ref, descriptors }
}

async function platformOf(repository: Repository, config: Descriptor): Promise<EntryPlatform | undefined> {
  if (!isImageConfigType(config.mediaType) || config.size > largestConfig) return undefined
  const { stream } = await repository.blob(config)
  const bytes = Buffer.concat(await stream.toArray())
  if (digestOf(bytes) !== config.digest)
    throw new GantryError('System', `image config verification failed for digest ${config.digest}`)
  return entryPlatform(json.parseJsonObject(bytes, 'image config', largestConfig))
}

function worded(error: unknown, ref: string): unknown {
  if (!(error instanceof RegistryError)) return error
  if (error.reason === 'manifest-unknown' || error.reason === 'name-unknown')
    return new Error(`no such manifest: ${ref}`, { cause: error })
  const isOfPing = /^Get "[^"]*\/v2\/": /.test(error.message)
  if (isOfPing && (error.reason === 'unreachable' || error.reason === 'tls'))
    return new Error(`failed to configure transport: error pinging v2 registry: ${error.message}`, {
      cause: error,
    })
  return error
}
