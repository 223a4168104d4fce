/** `--cache-from`: what another builder has put into a registry or a directory. Everything is verified: keys alone are taken on trust. */
import { pipeline } from 'node:stream/promises'
import type { CredentialsLookup, RemoteCache, Snapshot, SnapshotLayer } from '@gantry/build'
import type { CallerSession } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import {
  chainIdOf,
  type Descriptor,
  type Digest,
  decompress,
  digestOf,
  type Index,
  type Manifest,
  parseManifest,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import type { Hold } from '../../images/retention.ts'
import {
  type CacheConfig,
  type CacheLayer,
  cacheConfigType,
  largestConfig,
  parseCacheConfig,
} from './cache-config.ts'
import { inlineCacheIn } from './inline.ts'
import { type CacheOrigin, ImageOrigin, RegistryOrigin } from './origin.ts'
import type { CacheSource } from './specs.ts'

export interface ImportOptions {
  hold: Hold
  credentials: CredentialsLookup
  /** Of the client, which lends the directories of its caches. */
  session?: Pick<CallerSession, 'receiveFiles' | 'readBlob'>
  signal: AbortSignal
}

/** Reads what the cache has; its layers come when a step asks for them. Rejects when it is not there or not one. */
export async function openRemoteCache(
  images: ImageParts,
  source: CacheSource,
  options: ImportOptions,
): Promise<RemoteCache> {
  const origin = await originOf(images, source, options)
  const manifest = await manifestOf(origin)
  const inImages = await inlineCaches(origin, manifest)
  if (inImages.length > 0) {
    const caches = inImages.map((config) => new OpenCache(images, origin, config, options))
    return { find: (key) => firstOf(caches, key) }
  }
  const description =
    manifest.kind === 'manifest'
      ? manifest.config
      : manifest.manifests.find(({ mediaType }) => mediaType === cacheConfigType)
  if (description?.mediaType !== cacheConfigType)
    throw new GantryError('InvalidParameter', 'there is no build cache under that name')
  const config = parseCacheConfig(await readBlob(origin, description))
  return new OpenCache(images, origin, config, options)
}

async function originOf(
  images: ImageParts,
  source: CacheSource,
  { credentials, session, hold, signal }: ImportOptions,
): Promise<CacheOrigin> {
  if (source.type === 'session' || source.type === 'store') {
    if (!session) throw new GantryError('InvalidParameter', 'a build cache of the client needs a session')
    const { inDirectory, inStore, SessionOrigin } = await import('./session-origin.ts')
    const receive =
      source.type === 'store'
        ? inStore(session, source.store, signal)
        : inDirectory(session, source.directory, signal)
    return new SessionOrigin(receive, source.digest, images.content, hold)
  }
  if (source.type === 'image') return new ImageOrigin(images, source.name)
  const { reference } = source
  const access = await credentials(reference.domain)
  const repository = images.transfers.registries.repository(reference, {
    action: 'pull',
    ...(access && { credentials: access }),
  })
  return new RegistryOrigin(images, repository, reference, signal)
}

async function manifestOf(origin: CacheOrigin, digest?: Digest): Promise<Index | Manifest> {
  const { bytes, mediaType } = await origin.manifest(digest)
  return parseManifest(bytes, mediaType)
}

/** What images have in their configurations: of one, or of the platforms of an index. */
async function inlineCaches(origin: CacheOrigin, manifest: Index | Manifest): Promise<CacheConfig[]> {
  const caches: CacheConfig[] = []
  if (manifest.kind === 'manifest') {
    if (manifest.config.mediaType === cacheConfigType) return []
    const found = inlineCacheIn(await readBlob(origin, manifest.config), manifest.layers)
    return found ? [found] : []
  }
  const several = manifest.manifests.filter(({ platform }) => platform && platform.os !== 'unknown')
  for (const { digest } of several.slice(0, mostPlatforms)) {
    const image = await manifestOf(origin, digest)
    if (image.kind === 'manifest') caches.push(...(await inlineCaches(origin, image)))
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

async function readBlob(origin: CacheOrigin, description: Descriptor): Promise<Buffer> {
  if (description.size > largestConfig)
    throw new GantryError('InvalidParameter', 'invalid build cache: it is too large')
  const bytes = await origin.read(description)
  if (digestOf(bytes) !== description.digest)
    throw new GantryError('InvalidParameter', 'invalid build cache: it is not what its digest says')
  return bytes
}

/** Bytes that a layer may unpack to: so many times its own, and some. */
const mostExpansion = 1000
const freeExpansion = 1 << 30

class OpenCache implements RemoteCache {
  readonly #images: ImageParts
  readonly #origin: CacheOrigin
  readonly #options: ImportOptions
  readonly #layers: readonly CacheLayer[]
  readonly #entries: ReadonlyMap<string, CacheConfig['entries'][number]>

  constructor(images: ImageParts, origin: CacheOrigin, config: CacheConfig, options: ImportOptions) {
    this.#images = images
    this.#origin = origin
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
      if (entry.alone) break
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
    const { content } = this.#images
    const { hold, signal } = this.#options
    await hold.keep([digest])
    await this.#origin.bring({ mediaType, digest, size })
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
