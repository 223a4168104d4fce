import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createBuilder, Limiter } from '@gantry/build'
import type { Builds } from '../contracts.ts'
import { CacheService } from './cache/cache-service.ts'
import type { BuildDependencies } from './dependencies.ts'
import { FileThreads } from './files/file-threads.ts'
import { openKept } from './kept.ts'
import { BuildService } from './service.ts'
import { createRunner } from './steps/runner.ts'
import { StepShells } from './steps/shells.ts'

export interface ImageBuilder {
  builds: Builds
  caches: CacheService
}

/** The image builder. What an interrupted build left goes; the cache stays. */
export async function createBuilds(deps: BuildDependencies): Promise<ImageBuilder & AsyncDisposable> {
  const { directory, parts, archive } = deps
  // Secrets of steps are in it.
  await rm(deps.runDirectory, { recursive: true, force: true })
  const threads = new FileThreads()
  const { files, contexts, snapshots, cache, compressed, cacheMounts, trees } = await openKept(deps, threads)
  const shells = new StepShells()
  const runner = createRunner({ ...deps, snapshots, files, shells, directory: deps.runDirectory })
  const limiter = new Limiter(Math.max(32, 8 * availableParallelism()))
  const builder = createBuilder({ snapshots, runner, files, cache, cacheMounts, limiter })
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
