/** BuildKit's control API, as far as a client needs it that has a frontend of the daemon build. */
import type { Method } from '../grpc/channel.ts'
import {
  bytes,
  count,
  flag,
  list,
  type MessageOf,
  map,
  message,
  nested,
  text,
  texts,
} from '../wire/message.ts'
import { Definition } from './result-definition.ts'
import { StatusResponse, Timestamp } from './status.ts'

export { imageDefinition, imageOfDefinition } from './result-definition.ts'

const Empty = message({})

const Platform = message({ architecture: text(1), os: text(2), variant: text(3) })
const Version = message({ package: text(1), version: text(2), revision: text(3) })
const WorkerRecord = message({
  id: text(1),
  labels: map(2, text(2)),
  platforms: list(3, Platform),
  buildkitVersion: nested(5, Version),
})
export type WorkerRecord = MessageOf<typeof WorkerRecord>

const Exporter = message({ type: text(1), attributes: map(2, text(2)) })

/** A cache to read or to write: `registry`, `local`, `inline`, … */
const CacheOption = message({ type: text(1), attributes: map(2, text(2)) })
const CacheOptions = message({ exports: list(4, CacheOption), imports: list(5, CacheOption) })

const SolveRequest = message({
  ref: text(1),
  definition: bytes(2),
  exporter: text(3),
  exporterAttributes: map(4, text(2)),
  session: text(5),
  frontend: text(6),
  options: map(7, text(2)),
  cache: nested(8, CacheOptions),
  exporters: list(13, Exporter),
})
export type SolveRequest = MessageOf<typeof SolveRequest>

const SolveResponse = message({ exporterResponse: map(1, text(2)) })

const control = <I, O>(
  name: string,
  input: Method<I, O>['input'],
  output: Method<I, O>['output'],
): Method<I, O> => ({
  path: `/moby.buildkit.v1.Control/${name}`,
  input,
  output,
})

/** Runs a build; the frontend is the daemon's, or the client itself (see `bridge`) when none is named. */
export const solve = control('Solve', SolveRequest, SolveResponse)
export const status = control('Status', message({ ref: text(1) }), StatusResponse)
export const info = control('Info', Empty, message({ version: nested(1, Version) }))
export const listWorkers = control(
  'ListWorkers',
  message({ filters: texts(1) }),
  message({ records: list(1, WorkerRecord) }),
)

const UsageRecord = message({
  id: text(1),
  mutable: flag(2),
  inUse: flag(3),
  size: count(4),
  createdAt: nested(6, Timestamp),
  usedAt: nested(7, Timestamp),
  uses: count(8),
  description: text(9),
  type: text(10),
  shared: flag(11),
  parents: texts(12),
})
export const diskUsage = control(
  'DiskUsage',
  message({ filters: texts(1) }),
  message({ records: list(1, UsageRecord) }),
)

const PruneRequest = message({
  filters: texts(1),
  all: flag(2),
  /** Nanoseconds. */
  keepDuration: count(3),
  reservedSpace: count(4),
  maxUsedSpace: count(5),
  minFreeSpace: count(6),
})
export type PruneRequest = MessageOf<typeof PruneRequest>

export const prune = control('Prune', PruneRequest, UsageRecord)

const Piece = message({ data: bytes(1) })

/** A session of the client, which several builds may name: the bytes of its connection. Headers describe it. */
export const session = control('Session', Piece, Piece)

const Capability = message({ id: text(1), enabled: flag(2) })
const Reference = message({ id: text(1), definition: nested(2, Definition) })
/** `refs`: by platform. */
const Result = message({
  ref: nested(3, Reference),
  refs: nested(4, message({ refs: map(1, nested(2, Reference)) })),
  metadata: map(10, bytes(2)),
})
const Status = message({ code: count(1), message: text(2) })

const BridgeSolve = message({
  definition: bytes(1),
  frontend: text(2),
  options: map(3, text(2)),
  /** Definitions that named contexts stand for. */
  inputs: map(13, bytes(2)),
})
export type BridgeSolve = MessageOf<typeof BridgeSolve>

const onBridge = <I, O>(
  name: string,
  input: Method<I, O>['input'],
  output: Method<I, O>['output'],
): Method<I, O> => ({
  path: `/moby.buildkit.v1.frontend.LLBBridge/${name}`,
  input,
  output,
})

/** What a client does that is itself the frontend of a build: it asks a frontend of the daemon, and returns the result. */
export const bridge = {
  ping: onBridge(
    'Ping',
    Empty,
    message({
      frontendCapabilities: list(1, Capability),
      llbCapabilities: list(2, Capability),
      workers: list(3, WorkerRecord),
    }),
  ),
  solve: onBridge('Solve', BridgeSolve, message({ result: nested(3, Result) })),
  /** Asks that a result be there as a whole. */
  evaluate: onBridge('Evaluate', message({ ref: text(1) }), Empty),
  return: onBridge('Return', message({ result: nested(1, Result), error: nested(2, Status) }), Empty),
}

/** Header with the `ref` of the build that a call of the bridge belongs to. */
export const buildHeader = 'buildkit-controlapi-buildid'
