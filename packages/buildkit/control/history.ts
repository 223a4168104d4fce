/** What BuildKit's control API tells of builds that have been, and the content that its records name. */

import type { Method } from '../grpc/channel.ts'
import {
  count,
  flag,
  int32,
  list,
  type MessageOf,
  map,
  message,
  nested,
  text,
  texts,
} from '../wire/message.ts'
import { Timestamp } from './status.ts'

const Descriptor = message({
  mediaType: text(1),
  digest: text(2),
  size: count(3),
  annotations: map(5, text(2)),
})
export type Descriptor = MessageOf<typeof Descriptor>

const ResultInfo = message({ attestations: list(2, Descriptor) })
const Failure = message({ code: int32(1), message: text(2) })
const Exporter = message({ type: text(1), attributes: map(2, text(2)) })

const HistoryRecord = message({
  ref: text(1),
  frontend: text(2),
  options: map(3, text(2)),
  exporters: list(4, Exporter),
  error: nested(5, Failure),
  createdAt: nested(6, Timestamp),
  completedAt: nested(7, Timestamp),
  exporterResponse: map(9, text(2)),
  /** Of one platform. */
  result: nested(10, ResultInfo),
  /** Of several, by platform. */
  results: map(11, nested(2, ResultInfo)),
  pinned: flag(14),
  cachedSteps: int32(15),
  totalSteps: int32(16),
  completedSteps: int32(17),
  warnings: int32(19),
})
export type HistoryRecord = MessageOf<typeof HistoryRecord>

/** Types of events. */
export const historyEvent = { started: 0, complete: 1, deleted: 2 } as const

const HistoryEvent = message({ type: int32(1), record: nested(2, HistoryRecord) })
export type HistoryEvent = MessageOf<typeof HistoryEvent>

const HistoryRequest = message({
  activeOnly: flag(1),
  ref: text(2),
  /** What is there, and no more of what is to come. */
  earlyExit: flag(3),
  filters: texts(4),
  limit: int32(5),
})
export type HistoryRequest = MessageOf<typeof HistoryRequest>

const method = <I, O>(path: string, input: Method<I, O>['input'], output: Method<I, O>['output']) => ({
  path,
  input,
  output,
})

export const listenHistory = method(
  '/moby.buildkit.v1.Control/ListenBuildHistory',
  HistoryRequest,
  HistoryEvent,
)
export const updateHistory = method(
  '/moby.buildkit.v1.Control/UpdateBuildHistory',
  message({ ref: text(1), pinned: flag(2), remove: flag(3), finalize: flag(4) }),
  message({}),
)

/** Header with this machine's time, which clients reckon with. */
export const timeHeader = 'buildkit-current-timestamp'

const ContentInfo = message({ digest: text(1), size: count(2) })

export const contentInfo = method(
  '/containerd.services.content.v1.Content/Info',
  message({ digest: text(1) }),
  message({ info: nested(1, ContentInfo) }),
)

export { readContent } from '../session/content.ts'
