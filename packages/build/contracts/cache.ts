/** What is kept of steps, here and elsewhere. */
import type { Snapshot } from './snapshots.ts'

/** A step's result under its key. */
export type BuiltRecord = Pick<CacheRecord, 'key' | 'snapshot' | 'createdAt'>

/** A build cache of somebody else. */
export interface RemoteCache {
  /** The result of the step of that key, its layers brought here; null when it is not there. */
  find(key: string): Promise<{ snapshot: Snapshot; createdAt: string } | null>
}

/** Where records are kept. Every call is one short database statement. */
export interface CacheTable {
  get(key: string): CacheRecord | undefined
  set(key: string, record: CacheRecord): void
  delete(key: string): boolean
  values(): CacheRecord[]
}

/** What stays of a record that is gone. */
export type EarlierRun = Pick<CacheRecord, 'description' | 'inputs' | 'usedAt'>

/** Where they are kept, by description. */
export interface EarlierRunTable {
  get(description: string): EarlierRun | undefined
  set(description: string, run: EarlierRun): void
  delete(description: string): boolean
  values(): EarlierRun[]
}

/** What the cache keeps of a step. */
export interface CacheRecord {
  /** Digest of the step and of what went into it. */
  key: string
  snapshot: Snapshot
  /** What it was: shown by `builder du`, and what a step is known by when it runs again. */
  description: string
  createdAt: string
  usedAt: string
  uses: number
  /** Bytes that only this record holds. */
  size: number
  /** The inputs by name, so that a later miss can tell what changed. */
  inputs: Readonly<Record<string, string>>
}
