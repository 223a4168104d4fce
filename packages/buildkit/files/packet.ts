/** The messages that file trees travel in (fsutil's wire format). */
import type { Method } from '../grpc/channel.ts'
import {
  bytes,
  count,
  int32,
  int64,
  type MessageOf,
  map,
  message,
  nested,
  text,
  uint32,
} from '../wire/message.ts'

/** One entry of a tree. `mode` holds Go's bits (see mode.ts), `modTime` nanoseconds since 1970. */
export const Stat = message({
  path: text(1),
  mode: uint32(2),
  uid: uint32(3),
  gid: uint32(4),
  size: count(5),
  modTime: int64(6),
  /** Target of a symbolic link; of a file, the path that it is another name of. */
  linkname: text(7),
  devmajor: count(8),
  devminor: count(9),
  xattrs: map(10, bytes(2)),
})
export type FileStat = MessageOf<typeof Stat>

export const packetType = { stat: 0, request: 1, data: 2, finish: 3, error: 4 } as const

/**
 * Sender to receiver: a `stat` for each entry, in order, and one without an entry at the end; `data` of the files that
 * were asked for, an empty one at the end of each. Receiver to sender: `request`s for entries by their number, and
 * `finish` when everything is there, which the sender repeats.
 */
export const Packet = message({
  type: int32(1),
  stat: nested(2, Stat),
  id: uint32(3),
  data: bytes(4),
})
export type Packet = MessageOf<typeof Packet>

/** The caller asks for files of a directory by name. */
export const fileSync: Method<Packet, Packet> = {
  path: '/moby.filesync.v1.FileSync/DiffCopy',
  input: Packet,
  output: Packet,
}

/** Bytes of a file. */
export const BytesMessage = message({ data: bytes(1) })
export type BytesMessage = MessageOf<typeof BytesMessage>

/** The caller sends files: a whole tree, */
export const sendTree: Method<Packet, Packet> = {
  path: '/moby.filesync.v1.FileSend/DiffCopy',
  input: Packet,
  output: Packet,
}

/** or the bytes of one file: which of the two, the build's outputs tell. */
export const sendBytes: Method<BytesMessage, BytesMessage> = {
  path: '/moby.filesync.v1.FileSend/DiffCopy',
  input: BytesMessage,
  output: BytesMessage,
}
