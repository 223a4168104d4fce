import type { Duplex } from 'node:stream'
import type { AttachSession, ProgressMessage } from '@gantry/engine'
import { failureOf } from '@gantry/errors'

/** What a route answers: plain data, which the server writes. */
export type Reply = BufferedReply | StreamReply | HijackReply | WebSocketReply | ConnectionReply

export interface BufferedReply {
  kind: 'buffered'
  status: number
  headers: Record<string, string>
  body: string | Uint8Array | null
}

/** A body that is written as it comes, at the client's pace. */
export interface StreamReply {
  kind: 'stream'
  status: number
  headers: Record<string, string>
  body: AsyncIterable<string | Uint8Array>
  /** Hold the status back until the first chunk, so that an early failure can still answer with an error status. */
  lazy: boolean
  /** What to write when the body fails after its first chunk; without it the connection is cut. */
  failure?: (error: unknown) => string
}

/** The connection becomes the stdio of a process. */
export interface HijackReply {
  kind: 'hijack'
  contentType: string
  session: AttachSession
  /** For a client that takes notes among the frames (see notes.ts): what the header of the answer says. */
  resumable?: string
}

/** The connection becomes a WebSocket that carries the stdio of a process, stdout and stderr as one. */
export interface WebSocketReply {
  kind: 'websocket'
  session: AttachSession
  /** Whether output goes out as binary messages. */
  binary: boolean
}

/** The connection leaves HTTP/1.1 and is handed over; it is closed when `hold` resolves. */
export interface ConnectionReply {
  kind: 'connection'
  /** What it becomes, as the client has asked: `h2c`. */
  protocol: string
  hold(connection: Duplex, signal: AbortSignal): Promise<void>
}

const jsonHeaders = { 'Content-Type': 'application/json' }

/** A value as JSON, ended with a newline as Docker's encoder does. */
export function json(status: number, value: unknown): BufferedReply {
  return { kind: 'buffered', status, headers: jsonHeaders, body: `${JSON.stringify(value)}\n` }
}

/** A status without a body. */
export function empty(status: number): BufferedReply {
  return { kind: 'buffered', status, headers: {}, body: null }
}

/** Plain text in UTF-8. */
export function text(status: number, body: string, headers: Record<string, string> = {}): BufferedReply {
  return {
    kind: 'buffered',
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body,
  }
}

/** A stream whose status line goes out at once: the client waits for it. */
export function stream(contentType: string, body: AsyncIterable<string | Uint8Array>): StreamReply {
  return { kind: 'stream', status: 200, headers: { 'Content-Type': contentType }, body, lazy: false }
}

/** Docker's JSON message stream, one object a line; a failure on the way becomes its last message. */
export function progress(messages: AsyncIterable<ProgressMessage>): StreamReply {
  return {
    kind: 'stream',
    status: 200,
    headers: jsonHeaders,
    body: jsonLines(messages),
    lazy: true,
    failure: failureLine,
  }
}

/** Each value on a line of its own, ended as Docker's encoder ends them. */
export async function* jsonLines(values: AsyncIterable<unknown>, lineEnd = '\r\n'): AsyncIterable<string> {
  for await (const value of values) yield JSON.stringify(value) + lineEnd
}

function failureLine(error: unknown): string {
  const message = failureOf(error)
  return `${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`
}
