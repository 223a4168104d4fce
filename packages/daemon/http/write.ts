/** Replies onto the wire. */
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { STATUS_CODES } from '@gantry/oci/node-http'
import type { Logger } from '../log.ts'
import { drained } from './hijack.ts'
import { type BufferedReply, json, type Reply, type StreamReply, text } from './reply.ts'
import { afterAnswer, beforeAnswer, discardRest } from './rest-of-body.ts'
import { describeError } from './status.ts'

type Headers = Record<string, string>

/** `{"message": …}` with the status of the error's kind; 304 has no body. */
export function errorReply(error: unknown): BufferedReply {
  const { status, message } = describeError(error)
  if (status === 304) return { kind: 'buffered', status, headers: {}, body: null }
  return json(status, { message })
}

/** For what is no endpoint at all. Docker answers it before any of its headers are set. */
export const pageNotFound: BufferedReply = json(404, { message: 'page not found' })

/** Versions before 1.24 knew errors as plain text only. */
export function versionReply(problem: Error, url: string): BufferedReply {
  if (/^\/v(0|1\.(\d|1\d|2[0-3])\/)/.test(url))
    return text(400, `${problem.message}\n`, { 'X-Content-Type-Options': 'nosniff' })
  return json(400, { message: problem.message })
}

/** Writes a reply at the client's pace. Never rejects for a client that has gone. */
export async function writeReply(
  response: ServerResponse,
  common: Headers,
  reply: BufferedReply | StreamReply,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  if (reply.kind === 'stream') {
    // A body that nobody has read to its end would be taken for the next request.
    if (!response.req.complete) response.shouldKeepAlive = false
    return writeStream(response, common, reply, signal, log)
  }
  const complete = await discardRest(response.req, beforeAnswer, signal)
  if (!complete) response.shouldKeepAlive = false
  response.writeHead(reply.status, headersOf(common, reply))
  if (complete) response.end(reply.body ?? undefined)
  else await endLate(response, reply.body, signal)
}

/** The whole answer at once, but the connection open until the client has heard it. */
async function endLate(
  response: ServerResponse,
  body: BufferedReply['body'],
  signal: AbortSignal,
): Promise<void> {
  response.flushHeaders()
  if (body !== null) response.write(body)
  await discardRest(response.req, afterAnswer, signal)
  response.end()
}

async function writeStream(
  response: ServerResponse,
  common: Headers,
  reply: StreamReply,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const begin = (): void => {
    if (response.headersSent) return
    response.writeHead(reply.status, { ...common, ...reply.headers })
    // A client that waits for words gets the head together with the first.
    if (!reply.lazy) response.flushHeaders()
  }
  if (!reply.lazy) begin()
  try {
    for await (const chunk of reply.body) {
      begin()
      if (signal.aborted) break
      if (!response.write(chunk)) await drained(response)
    }
    // What was to have a result has none, as the client is still there: the daemon stops.
    if (reply.failure && signal.aborted && !response.destroyed) throw stopping()
    begin()
    await discardRest(response.req, beforeAnswer, signal)
    response.end()
  } catch (error) {
    await failStream(response, common, reply, error, signal, log)
  }
}

async function failStream(
  response: ServerResponse,
  common: Headers,
  reply: StreamReply,
  error: unknown,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  if (signal.aborted) {
    if (response.destroyed || !reply.failure || !response.headersSent) response.destroy()
    else response.end(reply.failure(stopping()))
    return
  }
  const { status, message } = describeError(error)
  // Without the query: that of a build may hold secrets.
  const [url] = (response.req.url ?? '').split('?')
  log[status >= 500 ? 'error' : 'debug']('stream failed', { url, error: message })
  if (!response.headersSent) {
    const answer = errorReply(error)
    response.writeHead(answer.status, headersOf(common, answer))
    await endLate(response, answer.body, signal)
  } else if (reply.failure) {
    await discardRest(response.req, beforeAnswer, signal)
    response.end(reply.failure(error))
  } else response.destroy()
}

/** What whoever is still served hears when the daemon stops. */
export const stopping = (): GantryError => new GantryError('Unavailable', 'the daemon is stopping')

/** A reply on a connection that asked to leave HTTP but will not: written by hand, and the last one. */
export function writeRaw(socket: Duplex, common: Headers, reply: Exclude<Reply, { kind: 'hijack' }>): void {
  const answer =
    reply.kind === 'buffered' ? reply : json(500, { message: 'this endpoint cannot stream here' })
  const headers = { ...headersOf(common, answer), Connection: 'close', Date: new Date().toUTCString() }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n`)
  socket.end(answer.body ?? undefined)
  socket.resume()
}

function headersOf(common: Headers, reply: BufferedReply): Headers {
  const headers: Headers = reply === pageNotFound ? { ...reply.headers } : { ...common, ...reply.headers }
  const bodiless = reply.status === 204 || reply.status === 304
  if (!bodiless) headers['Content-Length'] ??= String(reply.body === null ? 0 : Buffer.byteLength(reply.body))
  return headers
}
