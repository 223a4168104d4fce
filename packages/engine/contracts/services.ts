import type {
  EndpointSettings,
  EventMessage,
  GarbageReport,
  NetworkInspect,
  Operations,
  SystemInfo,
  SystemVersion,
  Volume,
} from '@gantry/api'
import type { Filters } from './filters.ts'

/** Networks as the API shows them, with containers' endpoints; connects stopped and running containers. */
export interface NetworkService {
  create(request: Operations['NetworkCreate']['body']): Promise<{ id: string; warning: string }>
  inspect(reference: string, options?: { verbose?: boolean; scope?: string }): Promise<NetworkInspect>
  list(filters: Filters): Promise<NetworkInspect[]>
  remove(reference: string): Promise<void>
  prune(filters: Filters): Promise<string[]>
  connect(reference: string, container: string, settings: EndpointSettings): Promise<void>
  disconnect(reference: string, container: string, force: boolean): Promise<void>
}

export interface VolumeService {
  create(request: Operations['VolumeCreate']['body']): Promise<Volume>
  inspect(name: string): Promise<Volume>
  list(filters: Filters): Promise<{ volumes: Volume[]; warnings: string[] }>
  remove(name: string, force: boolean): Promise<void>
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>
}

export interface EventQuery {
  since?: Date
  until?: Date
  filters?: Filters
  signal?: AbortSignal
}

/** What happened, kept for a while (the last 1,000 or so) and told to whoever listens. */
export interface Events {
  publish(type: EventType, action: string, id: string, attributes: Record<string, string>): void
  /** Past events since `since`, then new ones until `until` or the signal. A slow reader is dropped at 10,000 waiting events. */
  subscribe(query: EventQuery): AsyncIterable<EventMessage>
}

export type EventType = NonNullable<EventMessage['Type']>

export interface SystemService {
  info(): Promise<SystemInfo>
  version(): Promise<SystemVersion>
  diskUsage(): Promise<Operations['SystemDataUsage']['answer']>
}

export type { GarbageReport } from '@gantry/api'

/** Cleans up by the daemon's policy. */
export interface Collector {
  /** Rejects with InvalidParameter when there is no policy. */
  run(dryRun: boolean): Promise<GarbageReport>
}
