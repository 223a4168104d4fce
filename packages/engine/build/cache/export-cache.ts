/** `--cache-to`: the records of a build and their layers, in a registry. */
import type { ArchiveWorkers } from '@gantry/archive'
import type { BuildResult, CredentialsLookup } from '@gantry/build'
import {
  chainIdOf,
  type Descriptor,
  type Digest,
  mediaTypes,
  type Repository,
  serializeManifest,
} from '@gantry/oci'
import type { ImageParts } from '../../images/dependencies.ts'
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
  signal: AbortSignal
}

/** Rejects with what a push rejects with. */
export async function exportCache(parts: ExportParts, request: ExportRequest): Promise<void> {
  const { content, retention, transfers } = parts.images
  const { target, credentials, signal } = request
  await using hold = retention.begin()
  const blobs = new LayerBlobs(parts.images, parts.archive, hold)
  const { config, layers } = await describe(blobs, request)
  const description: Descriptor = {
    mediaType: cacheConfigType,
    ...(await hold.put(serializeCacheConfig(config))),
  }
  const access = await credentials(target.reference.domain)
  const repository = transfers.registries.repository(target.reference, {
    action: 'push',
    ...(access && { credentials: access }),
  })
  for (const blob of [...layers, description]) await send(repository, content, blob, signal)
  const mediaType = target.imageManifest ? mediaTypes.ociManifest : mediaTypes.ociIndex
  const bytes = target.imageManifest
    ? serializeManifest({ kind: 'manifest', mediaType, config: description, layers })
    : serializeManifest({ kind: 'index', mediaType, manifests: [...layers, description] })
  await repository.putManifest(target.reference.tag ?? 'latest', { mediaType, bytes }, { signal })
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
