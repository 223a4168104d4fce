/** `--cache-to`: the records of a build and their layers, to a registry or a directory of the client. */
import { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildResult, CredentialsLookup } from '@gantry/build'
import type { CallerSession } from '@gantry/buildkit'
import { GantryError } from '@gantry/errors'
import {
  chainIdOf,
  type Descriptor,
  type Digest,
  mediaTypes,
  type Reference,
  type Repository,
  serializeManifest,
  writeTar,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
import { layoutEntries } from '../../images/save.ts'
import { LayerBlobs } from '../outputs/layers.ts'
import { type CacheConfig, cacheConfigType, serializeCacheConfig } from './cache-config.ts'
import type { CompressedLayers } from './compressed-layers.ts'
import type { CacheTarget } from './specs.ts'

export interface ExportParts {
  images: ImageParts
  archive: Pick<ArchiveWorkers, 'layer'>
  compressed: CompressedLayers
}

export interface ExportRequest {
  results: readonly BuildResult[]
  target: CacheTarget
  credentials: CredentialsLookup
  /** Has the client fetch the archive of an image layout; resolves when it has. */
  deliver(place: number, archive: Readable): Promise<void>
  /** Of the client, which may have content stores in it. */
  session?: Pick<CallerSession, 'writeBlob'>
  signal: AbortSignal
}

/** What is to be given out. It is held by who has made it. */
interface MadeCache {
  top: Descriptor
  /** The bytes of `top`. */
  manifest: Buffer
  /** All but the manifest. */
  blobs: readonly Descriptor[]
}

/** Resolves to its manifest. Rejects with what a push, or a client that does not take it, rejects with. */
export async function exportCache(parts: ExportParts, request: ExportRequest): Promise<Descriptor> {
  const { retention } = parts.images
  const { target, deliver } = request
  await using hold = retention.begin()
  const layerBlobs = new LayerBlobs(parts, hold)
  const { config, layers } = await describe(layerBlobs, request)
  const description: Descriptor = {
    mediaType: cacheConfigType,
    ...(await hold.put(serializeCacheConfig(config))),
  }
  const blobs = [...layers, description]
  const mediaType = target.imageManifest ? mediaTypes.ociManifest : mediaTypes.ociIndex
  const manifest = target.imageManifest
    ? serializeManifest({ kind: 'manifest', mediaType, config: description, layers })
    : serializeManifest({ kind: 'index', mediaType, manifests: blobs })
  const top: Descriptor = { mediaType, ...(await hold.put(manifest)) }
  const made = { top, manifest, blobs }
  const { to } = target
  if (to.type === 'registry') await push(parts.images, to.reference, made, request)
  else if (to.type === 'client') await deliver(to.place, layout(parts.images.content, made))
  else await store(parts.images.content, to.store, made, request)
  return top
}

async function push(
  { content, transfers }: ImageParts,
  reference: Reference,
  { top: { mediaType }, manifest, blobs }: MadeCache,
  { credentials, signal }: ExportRequest,
): Promise<void> {
  const access = await credentials(reference.domain)
  const repository = transfers.registries.repository(reference, {
    action: 'push',
    ...(access && { credentials: access }),
  })
  for (const blob of blobs) await send(repository, content, blob, signal)
  await repository.putManifest(reference.tag ?? 'latest', { mediaType, bytes: manifest }, { signal })
}

/** The archive of an image layout that has nothing but the cache. */
function layout(content: ImageParts['content'], { top, blobs }: MadeCache): Readable {
  const files = {
    'index.json': serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests: [top] }),
    'oci-layout': Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })),
  }
  const digests = new Set([...blobs, top].map(({ digest }) => digest))
  return Readable.from(writeTar(layoutEntries(content, digests, files)), { objectMode: false })
}

/** The manifest last, so that a store with it has all. */
async function store(
  content: ImageParts['content'],
  name: string,
  { top, blobs }: MadeCache,
  { session, signal }: ExportRequest,
): Promise<void> {
  if (!session) throw new GantryError('InvalidParameter', 'a build cache of the client needs a session')
  for (const { digest, size } of [...blobs, top])
    await session.writeBlob({ store: name, digest, size }, await content.read(digest), signal)
}

async function send(
  repository: Repository,
  content: ImageParts['content'],
  blob: Descriptor,
  signal: AbortSignal,
): Promise<void> {
  if (await repository.hasBlob(blob.digest, { signal })) return
  await repository.uploadBlob(blob, (offset) => content.readFrom(blob.digest, offset), { signal })
}

/** Each layer of each record once, those below before those above. */
async function describe(
  blobs: LayerBlobs,
  { results, target }: ExportRequest,
): Promise<{ config: CacheConfig; layers: Descriptor[] }> {
  const config: CacheConfig = { layers: [], entries: [] }
  const descriptors = new Map<Digest, Descriptor>()
  const places = new Map<Digest, number>()
  const entered = new Set<string>()
  for (const { records, snapshot, baseLayers } of results) {
    const inResult = new Set(snapshot.layers.map(({ diffId }) => diffId))
    for (const { key, snapshot: made, createdAt } of records) {
      const top = made.layers.at(-1)
      if (!top || entered.has(key) || !(target.all || inResult.has(top.diffId))) continue
      entered.add(key)
      let parent = -1
      let chain: Digest | null = null
      const base = Math.min(baseLayers, made.layers.length - 1)
      const all = await blobs.of(made, base, target.compression, null)
      for (const { diffId, descriptor } of all) {
        chain = chainIdOf(chain, diffId)
        const known = places.get(chain)
        if (known === undefined) {
          const { digest: blob, mediaType, size } = descriptor
          config.layers.push({ blob, mediaType, size, diffId, parent })
          places.set(chain, config.layers.length - 1)
          descriptors.set(blob, { mediaType, digest: blob, size })
        }
        parent = known ?? config.layers.length - 1
      }
      config.entries.push({ key, layer: parent, createdAt })
    }
  }
  return { config, layers: [...descriptors.values()] }
}
