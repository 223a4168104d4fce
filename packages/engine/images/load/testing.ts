/** Stores that a test loads into. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import {
  type ContentStore,
  type Database,
  type LayerStore,
  openContentStore,
  openDatabase,
  openLayerStore,
} from '@gantry/store'
import { Catalog } from '../catalog.ts'
import { type Hold, Retention } from '../retention.ts'

export interface LoadStores {
  directory: string
  database: Database
  content: ContentStore
  layers: LayerStore
  hold: Hold
}

/** Stores in a directory of their own; all of it goes with the test. */
export async function loadStores(t: TestContext): Promise<LoadStores> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-load-'))
  const database = openDatabase(join(directory, 'test.db'))
  const content = await openContentStore(join(directory, 'content'))
  const layers = await openLayerStore(join(directory, 'layers'))
  const hold = new Retention(content, layers, new Catalog(database)).begin()
  t.after(async () => {
    await hold[Symbol.asyncDispose]()
    database.close()
    await rm(directory, { recursive: true, force: true })
  })
  return { directory, database, content, layers, hold }
}
