/** `--cache-to`: the records of a build and their layers, to a registry or a directory of the client. */
import { Readable } from 'node:stream'
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildResult, CredentialsLookup } from '@gantry/build'
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
import type { Hold } from '../../images/retention.ts'
import { layoutEntries } from '../../images/save.ts'
import { LayerBlobs } from '../outputs/layers.ts'
import { type CacheConfig, cacheConfigType, serializeCacheConfig } from './cache-config.ts'
import type { CacheTarget } from './specs.ts'

export interface ExportParts {
  images: ImageParts
  archive: Pick<ArchiveWorkers, 'layer'>
}

export interface ExportRequest {
  results: readonly BuildResult[]
  target: CacheTarget
  credentials: CredentialsLookup
  /** Has the client fetch the archive of an image layout; resolves when it has. */
  deliver(place: number, archive: Readable): Promise<void>
  signal: AbortSignal
}

/** What is to be given out. It is held by who has made it. */
interface MadeCache {
  mediaType: string
  manifest: Buffer
  /** All but the manifest. */
  blobs: readonly Descriptor[]
}

/** Rejects with what a push, or a client that does not take it, rejects with. */
export async function exportCache(parts: ExportParts, request: ExportRequest): Promise<void> {
  const { retention } = parts.images
  const { target, deliver } = request
  await using hold = retention.begin()
  const layerBlobs = new LayerBlobs(parts.images, parts.archive, hold)
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
  const made = { mediaType, manifest, blobs }
  if (target.to.type === 'registry') await push(parts.images, target.to.reference, made, request)
  else await deliver(target.to.place, await layout(parts.images.content, made, hold))
}

async function push(
  { content, transfers }: ImageParts,
  reference: Reference,
  { mediaType, manifest, blobs }: MadeCache,
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
async function layout(
  content: ImageParts['content'],
  { mediaType, manifest, blobs }: MadeCache,
  hold: Hold,
): Promise<Readable> {
  const top: Descriptor = { mediaType, ...(await hold.put(manifest)) }
  const files = {
    'index.json': serializeManifest({ kind: 'index', mediaType: mediaTypes.ociIndex, manifests: [top] }),
    'oci-layout': Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })),
  }
  const digests = new Set([...blobs, top].map(({ digest }) => digest))
  return Readable.from(writeTar(layoutEntries(content, digests, files)), { objectMode: false })
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
      const all = await blobs.of(
        made,
        Math.min(baseLayers, made.layers.length - 1),
        { type: 'gzip', force: false },
        null,
      )
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
