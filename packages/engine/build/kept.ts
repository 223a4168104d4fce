/** What builds keep on disk. */
import { join } from 'node:path'
import { BuildCache, CacheMounts, type CacheTable } from '@gantry/build'
import { CompressedLayers } from './cache/compressed-layers.ts'
import { Contexts } from './context.ts'
import type { BuildDependencies } from './dependencies.ts'
import type { FileThreads } from './files/file-threads.ts'
import { createFiles } from './files/files.ts'
import { Listings } from './files/listings.ts'
import { KeptTrees } from './session/kept-trees.ts'
import { openSnapshots } from './snapshots.ts'

/** Opens all of it. What an interrupted build left goes, the cache stays; the images keep the layers that it has. */
export async function openKept(deps: BuildDependencies, threads: FileThreads) {
  const { directory, parts, archive, images } = deps
  const files = createFiles(
    threads,
    join(directory, 'documents'),
    new Listings(join(directory, 'listings'), threads),
  )
  const contexts = new Contexts(
    join(directory, 'contexts'),
    archive,
    files,
    parts.transfers.registries,
    deps.contextLimit,
  )
  await contexts.clean()
  const snapshots = await openSnapshots({
    images,
    parts,
    archive,
    directory: join(directory, 'snapshots'),
    faults: deps.faults,
  })
  const cache = new BuildCache({
    table: announced(deps),
    earlierRuns: deps.earlierRuns,
    transaction: deps.transaction,
    snapshots,
    now: () => deps.clock.now(),
  })
  parts.retention.alsoKeep(() =>
    cache
      .records()
      .flatMap(({ snapshot }) => snapshot.layers.flatMap(({ chainId, diffId }) => [chainId, diffId])),
  )
  const compressed = new CompressedLayers(deps.compressedTable, () => deps.clock.now())
  parts.retention.alsoKeep(() => compressed.blobs())
  const cacheMounts = new CacheMounts(join(directory, 'cache-mounts'))
  await cacheMounts.clean()
  const trees = new KeptTrees(join(directory, 'kept-contexts'))
  await trees.clean()
  return { files, contexts, snapshots, cache, compressed, cacheMounts, trees }
}

/** The table, with a fault point after each new record; that one was used is written down at any time. */
function announced({ table, faults }: Pick<BuildDependencies, 'table' | 'faults'>): CacheTable {
  return {
    get: (key) => table.get(key),
    set: (key, record) => {
      table.set(key, record)
      if (record.uses === 0) faults('build.cache.recorded')
    },
    delete: (key) => table.delete(key),
    values: () => table.values(),
  }
}
