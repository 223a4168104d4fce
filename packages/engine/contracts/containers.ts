/** Containers: their life, and what is heard of them. */
import type { Readable, Writable } from 'node:stream'
import type {
  ContainerConfig,
  ContainerInspectResponse,
  ContainerStatsResponse,
  ContainerSummary,
  HostConfig,
  NetworkingConfig,
  Operations,
} from '@gantry/api'
import type { Digest } from '@gantry/oci'
import type { ConsoleSize, LogBlock, LogPlace, LogQuery, OutputFrame } from '@gantry/runtime'
import type { CheckpointReference } from './checkpoints.ts'
import type { Filters } from './filters.ts'

export interface ContainerCreateRequest {
  name?: string
  platform?: string
  config: ContainerConfig
  hostConfig: HostConfig
  networkingConfig: NetworkingConfig
}

export interface ContainerListOptions {
  all?: boolean
  limit?: number
  size?: boolean
  filters?: Filters
}

/** `not-running` holds at once for a container that is not running; the others wait for the next such change. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

export interface WaitResult {
  exitCode: number
  /** Why the container could not be waited for to its end, e.g. it could not be removed. */
  error?: string
}

/** What a container can be waited to become; several are alternatives. */
export type WaitState =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'dead'
  | 'removed'
  | 'healthy'
  | 'unhealthy'

export interface StateWaitResult {
  state: WaitState
  /** Of the latest run that has ended; 0 while none has. */
  exitCode: number
}

export interface AttachOptions {
  stdin?: boolean
  stdout?: boolean
  stderr?: boolean
  /** Replay what is in the log first. */
  logs?: boolean
  /** Go on with what comes. */
  stream?: boolean
  /** Docker's notation, `ctrl-p,ctrl-q`; an empty string means the default. */
  detachKeys?: string
  /** Tell where in the log the output begins, for a client that means to read on there when the daemon has gone. */
  resumable?: boolean
}

/** The stdio of a container or exec as one client sees it. Nothing moves until `output` is read. */
export interface AttachSession extends AsyncDisposable {
  /** With a terminal the bytes go out as they are; otherwise the daemon frames them. */
  readonly terminal: boolean
  /** Object stream of OutputFrame; ends when the process's side is drained or the user detached. */
  readonly output: Readable
  /** Null when stdin was not asked for or the container has none. `end()` half-closes. */
  readonly stdin: Writable | null
  /** Where in the log the output begins, if that was asked for; null where nothing is kept or it is not known. */
  readonly begin: LogPlace | null
  /** Drops the client's connection. The process goes on. */
  close(): void
}

export type { OutputFrame }

export type LogOptions = LogQuery

export interface ContainerLogs {
  terminal: boolean
  /** What `--details` tells beside each line. */
  details: Record<string, string>
  blocks: AsyncIterable<LogBlock>
}

export type ContainerUpdateRequest = Operations['ContainerUpdate']['body']

export interface DebugWishes {
  /** An image whose file system is the root; without it, the container's, with the host's busybox. */
  image?: string
}

export interface Containers {
  /** Throws NotFound `No such image: X`, Conflict for a name in use, InvalidParameter for the rest. */
  create(request: ContainerCreateRequest): Promise<{ id: string; warnings: string[] }>
  list(options: ContainerListOptions): Promise<ContainerSummary[]>
  inspect(reference: string, options?: { size?: boolean }): Promise<ContainerInspectResponse>
  /** Throws NotModified when it runs already. With a checkpoint, its processes go on as they were in that. */
  start(reference: string, checkpoint?: CheckpointReference): Promise<void>
  /** Throws NotModified when it does not run. `timeout` in seconds; -1 waits for ever. */
  stop(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>
  restart(reference: string, options?: { signal?: string; timeout?: number }): Promise<void>
  /** `signal` by name, with or without SIG, or number. Throws Conflict when it does not run. */
  kill(reference: string, signal: string): Promise<void>
  pause(reference: string): Promise<void>
  unpause(reference: string): Promise<void>
  /** Limits and restart policy; returns warnings. All of it holds and is kept, or nothing has changed. */
  update(reference: string, request: ContainerUpdateRequest): Promise<string[]>
  rename(reference: string, name: string): Promise<void>
  remove(reference: string, options?: { force?: boolean; volumes?: boolean; link?: boolean }): Promise<void>
  prune(filters: Filters): Promise<{ deleted: string[]; spaceReclaimed: number }>
  resize(reference: string, size: ConsoleSize): Promise<void>
  /** Resolves once the wait is registered; `result` settles with the end. */
  wait(
    reference: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ result: Promise<WaitResult> }>
  /** As `wait`, until the container is in one of the states, which may be at once. Throws InvalidParameter. */
  waitForState(
    reference: string,
    states: readonly WaitState[],
    signal?: AbortSignal,
  ): Promise<{ result: Promise<StateWaitResult> }>
  attach(reference: string, options: AttachOptions): Promise<AttachSession>
  /** Throws NotImplemented when the log driver keeps nothing. */
  logs(reference: string, options: LogOptions): Promise<ContainerLogs>
  /** One sample, empty for a container that does not run. Without `oneShot` there is one before it to compare with. */
  statsOnce(reference: string, options: { oneShot?: boolean }): Promise<ContainerStatsResponse>
  /** A sample now and one a second, until the container is removed or the signal says so. Throws NotFound at once. */
  stats(reference: string, signal?: AbortSignal): AsyncIterable<ContainerStatsResponse>
  /** Empties the log, also of a running container. What is to be forwarded still is. */
  clearLogs(reference: string): Promise<void>
  top(reference: string, psArguments: string): Promise<{ titles: string[]; processes: string[][] }>
  /** Ids of containers by what they use, for other services' conflict checks. */
  usersOfImage(imageId: Digest): { id: string; running: boolean }[]
}
