/** What BuildKit tells of a build while it runs. */
import {
  bytes,
  count,
  flag,
  int32,
  list,
  type MessageOf,
  message,
  nested,
  text,
  texts,
} from '../wire/message.ts'

export const Timestamp = message({ seconds: count(1), nanos: int32(2) })

const Vertex = message({
  digest: text(1),
  inputs: texts(2),
  name: text(3),
  cached: flag(4),
  started: nested(5, Timestamp),
  completed: nested(6, Timestamp),
  error: text(7),
})

const VertexStatus = message({
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: count(4),
  total: count(5),
  timestamp: nested(6, Timestamp),
  started: nested(7, Timestamp),
  completed: nested(8, Timestamp),
})

const VertexLog = message({
  vertex: text(1),
  timestamp: nested(2, Timestamp),
  /** 1 is stdout, 2 stderr. */
  stream: count(3),
  msg: bytes(4),
})

const Position = message({ line: int32(1), character: int32(2) })
const Range = message({ start: nested(1, Position), end: nested(2, Position) })

const VertexWarning = message({
  vertex: text(1),
  level: count(2),
  short: bytes(3),
  url: text(5),
  ranges: list(7, Range),
})

export const StatusResponse = message({
  vertexes: list(1, Vertex),
  statuses: list(2, VertexStatus),
  logs: list(3, VertexLog),
  warnings: list(4, VertexWarning),
})

export type StatusResponse = MessageOf<typeof StatusResponse>

/** A time for a message, to the millisecond. */
export const timestamp = (time: Date): Partial<MessageOf<typeof Timestamp>> => ({
  seconds: Math.floor(time.getTime() / 1000),
  nanos: (time.getTime() % 1000) * 1e6,
})
