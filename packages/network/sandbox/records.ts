import type {
  DnsOptions,
  EndpointRecord,
  LinkedContainer,
  NetworkRecord,
  PublishRequest,
  RecordTable,
} from '../contracts.ts'
import type { DnsPorts } from '../dns/redirect.ts'
import type { PublishedPort } from '../ports/published.ts'

/** A sandbox as it is kept, so that the next daemon can go on with it or clean up after it. */
export interface SandboxRecord {
  containerId: string
  mode: string
  /** The namespace's file; null for host networking. */
  path: string | null
  /** False from the first step of making it to the last: such a one is removed at the next start. */
  ready: boolean
  /** Ids, in the order in which they were attached. */
  endpoints: string[]
  publish?: PublishRequest
  ports: PublishedPort[]
  /** The endpoint that the ports lead to. */
  portEndpoint?: string
  dns: DnsOptions
  links?: LinkedContainer[]
  /** Where the resolver listens in the namespace, when there is one. */
  dnsPorts?: DnsPorts
}

/** What the networks keep. */
export interface NetworkTables {
  networks: RecordTable<NetworkRecord>
  endpoints: RecordTable<EndpointRecord>
  sandboxes: RecordTable<SandboxRecord>
}
