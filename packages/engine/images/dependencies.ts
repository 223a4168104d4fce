import type { ArchiveWorkers } from '@gantry/archive'
import type { Digest, Platform } from '@gantry/oci'
import type { ContentStore, LayerStore } from '@gantry/store'
import type { ImageFaultPoint } from '../containers/faults.ts'
import type { Containers, Events } from '../contracts.ts'
import type { Catalog } from './catalog.ts'
import type { Intermediates } from './intermediates.ts'
import type { KnownDocuments } from './known-documents.ts'
import type { LaterReferrers } from './referrers/later-referrers.ts'
import type { Retention } from './retention.ts'
import type { Transfers } from './transfer/transfers.ts'

/** What the parts of the image service share. */
export interface ImageParts {
  content: ContentStore
  documents: KnownDocuments
  layers: LayerStore
  catalog: Catalog
  retention: Retention
  intermediates: Intermediates
  events: Pick<Events, 'publish'>
  usersOfImage: Containers['usersOfImage']
  /** The platform of this machine. */
  host: Platform
  transfers: Transfers
  laterReferrers: LaterReferrers
  archive: Pick<ArchiveWorkers, 'compare' | 'compress' | 'explore'>
  /** Called at each step of a pull or push: where tests make it fail. */
  reached: (point: ImageFaultPoint) => void
}

/** Announces something about an image; its labels go along, as Docker has it. */
export function announce(
  { events, catalog }: Pick<ImageParts, 'events' | 'catalog'>,
  action: string,
  id: Digest,
  name: string = id,
): void {
  events.publish('image', action, id, { ...catalog.get(id)?.labels, name })
}
