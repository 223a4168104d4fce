import type { ArchiveWorkers } from '@gantry/archive'
import type { CacheTable, EarlierRunTable } from '@gantry/build'
import type { Table } from '@gantry/store'
import type { CacheRule, Images } from '../contracts.ts'
import type { ImageParts } from '../images/dependencies.ts'
import type { CompressedLayer } from './cache/compressed-layers.ts'
import type { RunnerParts } from './steps/runner.ts'

/** What the image builder is built with. */
export interface BuildDependencies extends Omit<RunnerParts, 'directory' | 'snapshots' | 'files' | 'shells'> {
  /** Of the image service. */
  parts: ImageParts
  images: Pick<Images, 'resolve' | 'rootfs' | 'pull'>
  archive: ArchiveWorkers
  table: CacheTable
  earlierRuns: EarlierRunTable
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
