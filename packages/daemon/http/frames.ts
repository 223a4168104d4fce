/**
 * The stream format of attach, exec and logs without a terminal: each piece of output behind 8 bytes, which are the
 * stream's number (1 stdout, 2 stderr), three zeros, and the piece's length, big endian.
 */
const streamNumbers = { stdout: 1, stderr: 2 } as const

export type StreamName = keyof typeof streamNumbers

/** The 8 bytes that go before `length` bytes of a stream. */
export function frameHeader(stream: StreamName, length: number): Buffer {
  const header = Buffer.alloc(8)
  header[0] = streamNumbers[stream]
  header.writeUInt32BE(length, 4)
  return header
}

/** A piece of output with its header. */
export function frame(stream: StreamName, data: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(stream, data.length), data])
}

export const rawStream = 'application/vnd.docker.raw-stream'
const multiplexedStream = 'application/vnd.docker.multiplexed-stream'

/** The content type of a stream: API versions before 1.42 call both kinds raw. */
export function streamType(terminal: boolean, version: number): string {
  return terminal || version < 42 ? rawStream : multiplexedStream
}
