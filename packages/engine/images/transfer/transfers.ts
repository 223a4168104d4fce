import { availableParallelism } from 'node:os'
import type { Credentials, Digest, Registries } from '@gantry/oci'
import type { Database } from '@gantry/store'
import type { ProgressMessage } from '../../contracts.ts'
import { BlobSources } from './blob-sources.ts'
import { SharedWork } from './shared-work.ts'
import { Slots } from './slots.ts'

/** The daemon's: `max-concurrent-downloads`, `max-concurrent-uploads`, `max-download-attempts`, `referrers`. */
export interface TransferLimits {
  downloads: number
  uploads: number
  /** How often a download is tried in all without a new byte. */
  attempts: number
  /** Whether manifests that name an image as their subject are pulled and pushed along with it. */
  referrers: boolean
}

const defaultLimits: TransferLimits = { downloads: 3, uploads: 5, attempts: 5, referrers: true }

/** Who wants an image moved, and what a client's request says about it. */
export interface TransferRequest {
  credentials?: Credentials
  /** `X-Meta-…` headers to be passed on. */
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** What pulls and pushes have in common: the registries, and what they share with each other. */
export class Transfers {
  readonly registries: Registries
  /** Asked each time: the configuration may be read again. */
  readonly limits: () => TransferLimits
  readonly downloads: Slots
  readonly uploads: Slots
  /** Layers that are being compressed: each keeps a processor busy. */
  readonly compressions = new Slots(availableParallelism)
  /** Layers of archives that are being sent to us: each keeps a thread waiting for its client. */
  readonly arrivals = new Slots(() => 2)
  readonly sources: BlobSources
  /** Layers on their way in, by chain id. */
  readonly layers = new SharedWork<void, ProgressMessage>()
  /** Blobs on their way in, by digest: a blob has one file to be written to. */
  readonly blobs = new Map<Digest, Promise<unknown>>()

  constructor(
    registries: Registries,
    database: Pick<Database, 'table'>,
    limits: () => TransferLimits = () => defaultLimits,
  ) {
    this.registries = registries
    this.limits = limits
    this.downloads = new Slots(() => limits().downloads)
    this.uploads = new Slots(() => limits().uploads)
    this.sources = new BlobSources(database.table('blob_sources'))
  }
}
