import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ArchiveWorkers } from '@gantry/archive'
import { BuildCache, CacheMounts, type CacheTable, createBuilder, Limiter } from '@gantry/build'
import type { Table } from '@gantry/store'
import type { Builds, CacheRule, Images } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import { CacheService } from './cache/cache-service.ts'
import { type CompressedLayer, CompressedLayers } from './cache/compressed-layers.ts'
import { Contexts } from './context.ts'
import { FileThreads } from './files/file-threads.ts'
import { createFiles } from './files/files.ts'
import { Listings } from './files/listings.ts'
import { BuildService } from './service.ts'
import { KeptTrees } from './session/kept-trees.ts'
import { openSnapshots } from './snapshots.ts'
import { createRunner, type RunnerParts } from './steps/runner.ts'
import { StepShells } from './steps/shells.ts'

export interface BuildDependencies extends Omit<RunnerParts, 'directory' | 'snapshots' | 'files' | 'shells'> {
  /** Of the image service. */
  parts: ImageParts
  images: Pick<Images, 'resolve' | 'rootfs' | 'pull'>
  archive: ArchiveWorkers
  table: CacheTable
  compressedTable: Table<CompressedLayer>
  /** Of this engine, for what is said about images. */
  version: string
  transaction: (work: () => void) => void
  /** `builder.gc`: null for nothing. */
  cacheRules: readonly CacheRule[] | null
  /** Bytes of one build context. */
  contextLimit: number
  log: (level: 'info' | 'warn', message: string) => void
  /** `<data root>/build` and `<exec root>/build`. */
  directory: string
  runDirectory: string
}

export interface ImageBuilder {
  builds: Builds
  caches: CacheService
}

/** The image builder. What an interrupted build left goes; the cache stays. */
export async function createBuilds(deps: BuildDependencies): Promise<ImageBuilder & AsyncDisposable> {
  const { directory, parts, archive, images } = deps
  const threads = new FileThreads()
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
  // Secrets of steps are in it.
  await rm(deps.runDirectory, { recursive: true, force: true })
  const snapshots = await openSnapshots({
    images,
    parts,
    archive,
    directory: join(directory, 'snapshots'),
    faults: deps.faults,
  })
  const cache = new BuildCache({
    table: announced(deps),
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
  const shells = new StepShells()
  const runner = createRunner({ ...deps, snapshots, files, shells, directory: deps.runDirectory })
  const limiter = new Limiter(Math.max(32, 8 * availableParallelism()))
  const builder = createBuilder({ snapshots, runner, files, cache, cacheMounts, limiter })
  const trees = new KeptTrees(join(directory, 'kept-contexts'))
  await trees.clean()
  const caches = new CacheService({
    cache,
    cacheMounts,
    compressed,
    images: parts,
    trees,
    archive,
    directory,
    rules: deps.cacheRules,
    clock: deps.clock,
    log: deps.log,
  })
  const service = new BuildService({
    builder,
    snapshots,
    threads,
    version: deps.version,
    archive,
    compressed,
    contexts,
    trees,
    runDirectory: deps.runDirectory,
    contextLimit: deps.contextLimit,
    applyChanges: async (root, changes, signal) =>
      void (await threads.run({ kind: 'apply', root, changes }, signal)),
    caches,
    shells,
    files,
    images: parts,
    facts: deps.facts,
    directory: join(directory, 'contexts'),
    faults: deps.faults,
  })
  return {
    builds: service,
    caches,
    async [Symbol.asyncDispose]() {
      caches[Symbol.dispose]()
      cache.flush()
      parts.intermediates.flush()
      threads.close()
    },
  }
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
