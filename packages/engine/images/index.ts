import { ArchiveWorkers } from '@gantry/archive'
import { hostPlatform, type Platform, type Registries } from '@gantry/oci'
import type { ContentStore, Database, LayerStore } from '@gantry/store'
import type { ImageFaultPoint } from '../containers/faults.ts'
import type { Containers, Events } from '../contracts.ts'
import { Catalog } from './catalog.ts'
import type { ImageParts } from './dependencies.ts'
import { helloWorldArchive, helloWorldName } from './hello-world/image.ts'
import { Intermediates } from './intermediates.ts'
import { KnownDocuments } from './known-documents.ts'
import { LaterReferrers } from './referrers/later-referrers.ts'
import { Retention } from './retention.ts'
import { type BuiltIns, ImageService } from './service.ts'
import { type TransferLimits, Transfers } from './transfer/transfers.ts'

export { applyChanges } from './changes.ts'
export type { BuiltIns, ImageService } from './service.ts'
export type { TransferLimits } from './transfer/transfers.ts'

export interface ImageDependencies {
  content: ContentStore
  layers: LayerStore
  database: Pick<Database, 'table' | 'transaction'>
  events: Pick<Events, 'publish'>
  /** Asked only once requests come in, so the containers may be built after the images. */
  usersOfImage: Containers['usersOfImage']
  builtIns?: BuiltIns
  host?: Platform
  registries: Registries
  archive?: ImageParts['archive']
  limits?: () => TransferLimits
  reached?: (point: ImageFaultPoint) => void
}

const helloWorld: BuiltIns = new Map([[helloWorldName, helloWorldArchive]])

/**
 * Builds the image service. What an interrupted load or removal left behind goes with its first `sweep`: only when all who
 * need content have said so (`retention.alsoKeep`).
 */
export async function createImages({
  builtIns = helloWorld,
  host = hostPlatform(),
  database,
  registries,
  limits,
  archive = new ArchiveWorkers(),
  reached = () => {},
  ...stores
}: ImageDependencies): Promise<ImageService> {
  const catalog = new Catalog(database)
  const retention = new Retention(stores.content, stores.layers, catalog)
  const intermediates = new Intermediates(database.table('intermediate_images'), (work) =>
    database.transaction(work),
  )
  const transfers = new Transfers(registries, database, limits)
  const laterReferrers = new LaterReferrers({ catalog, retention, transfers })
  return new ImageService(
    {
      ...stores,
      documents: new KnownDocuments(stores.content),
      catalog,
      retention,
      intermediates,
      host,
      transfers,
      laterReferrers,
      archive,
      reached,
    },
    builtIns,
  )
}
