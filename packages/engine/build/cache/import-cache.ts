/** `--cache-from`: what another builder has put into a registry. Everything is verified: keys alone are taken on trust. */
import { pipeline } from 'node:stream/promises'
import type { CredentialsLookup, RemoteCache, Snapshot, SnapshotLayer } from '@gantry/build'
import { GantryError } from '@gantry/errors'
import {
  chainIdOf,
  type Descriptor,
  decompress,
  digestOf,
  type Index,
  largestManifest,
  type Manifest,
  parseManifest,
  type Repository,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import { download } from '../../images/pull/download.ts'
import type { Hold } from '../../images/retention.ts'
import {
  type CacheConfig,
  type CacheLayer,
  cacheConfigType,
  largestConfig,
  parseCacheConfig,
} from './cache-config.ts'
import { inlineCacheIn } from './inline.ts'
import type { CacheSource } from './specs.ts'

export interface ImportOptions {
  hold: Hold
  credentials: CredentialsLookup
  signal: AbortSignal
}

/** Reads what the cache has; its layers come when a step asks for them. Rejects when it is not there or not one. */
export async function openRemoteCache(
  images: ImageParts,
  { reference }: CacheSource,
  options: ImportOptions,
): Promise<RemoteCache> {
  const access = await options.credentials(reference.domain)
  const repository = images.transfers.registries.repository(reference, {
    action: 'pull',
    ...(access && { credentials: access }),
  })
  const { signal } = options
  const wanted = reference.digest ?? reference.tag ?? 'latest'
  const { bytes, descriptor } = await repository.manifest(wanted, { signal, limit: largestManifest })
  const manifest = parseManifest(bytes, descriptor.mediaType)
  const inImages = await inlineCaches(repository, manifest, signal)
  if (inImages.length > 0) {
    const caches = inImages.map((config) => new RegistryCache(images, repository, config, options))
    return { find: (key) => firstOf(caches, key) }
  }
  const description =
    manifest.kind === 'manifest'
      ? manifest.config
      : manifest.manifests.find(({ mediaType }) => mediaType === cacheConfigType)
  if (description?.mediaType !== cacheConfigType)
    throw new GantryError('InvalidParameter', 'there is no build cache under that name')
  return new RegistryCache(images, repository, await readConfig(repository, description, signal), options)
}

/** What images have in their configurations: of one, or of the platforms of an index. */
async function inlineCaches(
  repository: Repository,
  manifest: Index | Manifest,
  signal: AbortSignal,
): Promise<CacheConfig[]> {
  const caches: CacheConfig[] = []
  if (manifest.kind === 'manifest') {
    if (manifest.config.mediaType === cacheConfigType) return []
    const found = inlineCacheIn(await readBlob(repository, manifest.config, signal), manifest.layers)
    return found ? [found] : []
  }
  const several = manifest.manifests.filter(({ platform }) => platform && platform.os !== 'unknown')
  for (const { digest } of several.slice(0, mostPlatforms)) {
    const { bytes, descriptor } = await repository.manifest(digest, { signal, limit: largestManifest })
    const image = parseManifest(bytes, descriptor.mediaType)
    if (image.kind === 'manifest') caches.push(...(await inlineCaches(repository, image, signal)))
  }
  return caches
}

/** Images of an index that are looked at. */
const mostPlatforms = 16

async function firstOf(caches: readonly RemoteCache[], key: string): ReturnType<RemoteCache['find']> {
  for (const cache of caches) {
    const found = await cache.find(key)
    if (found) return found
  }
  return null
}

const readConfig = async (
  repository: Repository,
  description: Descriptor,
  signal: AbortSignal,
): Promise<CacheConfig> => parseCacheConfig(await readBlob(repository, description, signal))

async function readBlob(
  repository: Repository,
  description: Descriptor,
  signal: AbortSignal,
): Promise<Buffer> {
  if (description.size > largestConfig)
    throw new GantryError('InvalidParameter', 'invalid build cache: it is too large')
  const { stream } = await repository.blob(description, { signal })
  const bytes = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))
  if (digestOf(bytes) !== description.digest)
    throw new GantryError('InvalidParameter', 'invalid build cache: it is not what its digest says')
  return bytes
}

/** Bytes that a layer may unpack to: so many times its own, and some. */
const mostExpansion = 1000
const freeExpansion = 1 << 30

class RegistryCache implements RemoteCache {
  readonly #images: ImageParts
  readonly #repository: Repository
  readonly #options: ImportOptions
  readonly #layers: readonly CacheLayer[]
  readonly #entries: ReadonlyMap<string, CacheConfig['entries'][number]>

  constructor(images: ImageParts, repository: Repository, config: CacheConfig, options: ImportOptions) {
    this.#images = images
    this.#repository = repository
    this.#options = options
    this.#layers = config.layers
    this.#entries = new Map(config.entries.map((entry) => [entry.key, entry]))
  }

  async find(key: string): Promise<{ snapshot: Snapshot; createdAt: string } | null> {
    const entry = this.#entries.get(key)
    if (!entry) return null
    const chain: CacheLayer[] = []
    for (let at = entry.layer; at >= 0; at = this.#layers[at]?.parent ?? -1) {
      const layer = this.#layers[at]
      if (layer) chain.unshift(layer)
    }
    const layers: SnapshotLayer[] = []
    for (const layer of chain) layers.push(await this.#bring(layer, layers.at(-1) ?? null))
    return { snapshot: { layers }, createdAt: entry.createdAt }
  }

  async #bring({ diffId, ...blob }: CacheLayer, below: SnapshotLayer | null): Promise<SnapshotLayer> {
    const { layers, content } = this.#images
    const { hold } = this.#options
    const parent = below?.chainId ?? null
    const chainId = chainIdOf(parent, diffId)
    await hold.keep([chainId, diffId])
    if (await layers.has(chainId)) return { diffId, chainId, size: await layers.size(chainId) }
    if (!(await content.has(diffId))) await this.#download(blob, diffId)
    const expected = await content.info(diffId)
    await using staged = await layers.stage({ path: await content.locate(diffId), expected, diffId })
    const { size } = await staged.place(parent)
    return { diffId, chainId, size }
  }

  /** A layer of a build is kept uncompressed. */
  async #download(
    { blob: digest, size, mediaType }: Omit<CacheLayer, 'diffId'>,
    diffId: CacheLayer['diffId'],
  ): Promise<void> {
    const { content, transfers } = this.#images
    const { hold, signal } = this.#options
    const descriptor = { mediaType, digest, size }
    const { attempts } = transfers.limits()
    await hold.keep([digest])
    await content.receive(
      { digest, size },
      {
        rest: (offset) =>
          download(this.#repository, descriptor, offset, { attempts, signal, onRetry: () => undefined }),
        signal,
      },
    )
    if (digest === diffId) return
    const { stream } = await decompress(await content.read(digest))
    await using writer = await content.writer()
    let written = 0
    await pipeline(
      stream,
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          written += chunk.length
          if (written > size * mostExpansion + freeExpansion)
            throw new GantryError('InvalidParameter', `layer ${digest} of the build cache grows too large`)
          await writer.write(chunk)
        }
      },
      { signal },
    )
    await hold.commit(writer, { digest: diffId })
  }
}
