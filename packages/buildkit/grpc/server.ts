/** The answering side of gRPC on a connection that is there already. */
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { GantryError } from '@gantry/errors'
import type { MessageType } from '../wire/message.ts'
import type { Method } from './channel.ts'
import { MessageStream } from './message-stream.ts'
import { ok, statusOf } from './status.ts'

const window = 4 << 20

/** One call, as who answers it sees it. */
export interface Incoming<I, O> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Values of a header; none when it was not sent. */
  metadata(name: string): readonly string[]
  messages(): AsyncGenerator<I>
  send(message: Partial<O>): Promise<void>
  /** Aborted when the caller gives the call up. */
  signal: AbortSignal
}

export interface Service {
  path: string
  /** What an answer begins with. */
  headers?: () => Readonly<Record<string, string>>
  answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void>
}

/** A method with messages in both directions. The call ends when `handle` does: with its error if it rejects. */
export function streaming<I, O>(
  { path, input, output }: Method<I, O>,
  handle: (call: Incoming<I, O>) => Promise<void>,
  headers?: Service['headers'],
): Service {
  return {
    path,
    ...(headers && { headers }),
    async answer(stream, headers) {
      const messages = new MessageStream(stream)
      await handle({
        headers,
        metadata: (name) => [headers[name] ?? []].flat().flatMap((text) => String(text).split(', ')),
        messages: () => decoded(messages.messages(), input),
        send: (message) => messages.send(output.encode(message)),
        signal: closing(stream),
      })
      await messages.flush()
    },
  }
}

/** A method of one message there and one back. */
export function unary<I, O>(
  method: Method<I, O>,
  handle: (input: I, signal: AbortSignal) => Promise<Partial<O>>,
): Service {
  return streaming(method, async (call) => {
    for await (const input of call.messages()) return call.send(await handle(input, call.signal))
    throw new GantryError('InvalidParameter', 'no message')
  })
}

/** Answers calls on `connection`, which is open, until it is closed. Never rejects. */
export async function serve(connection: Duplex, services: readonly Service[]): Promise<void> {
  const byPath = new Map(services.map((service) => [service.path, service]))
  const server = createServer({ settings: { initialWindowSize: window, maxHeaderListSize: 64 << 10 } })
  server.on('sessionError', () => connection.destroy())
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => stream.destroy())
    void answer(stream, byPath.get(String(headers[':path'])), headers)
  })
  connection.on('error', () => connection.destroy())
  // Sockets of HTTP servers stay half open; a peer that sends no more frames has gone.
  connection.once('end', () => connection.destroy())
  const closed = new Promise<void>((resolve) => connection.once('close', resolve))
  server.emit('connection', connection)
  await closed
}

async function answer(
  stream: ServerHttp2Stream,
  service: Service | undefined,
  headers: IncomingHttpHeaders,
): Promise<void> {
  let trailers: Record<string, string> = { 'grpc-status': String(ok), 'grpc-message': '' }
  const told = { ':status': 200, 'content-type': 'application/grpc', ...service?.headers?.() }
  stream.respond(told, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  try {
    if (!service) throw new GantryError('NotImplemented', `unknown method ${String(headers[':path'])}`)
    await service.answer(stream, headers)
  } catch (error) {
    trailers = statusOf(error)
  }
  if (stream.destroyed) return
  stream.resume()
  stream.end()
}

async function* decoded<T>(messages: AsyncIterable<Buffer>, type: MessageType<T>): AsyncGenerator<T> {
  for await (const message of messages) yield type.decode(message)
}

function closing(stream: ServerHttp2Stream): AbortSignal {
  const closed = new AbortController()
  stream.once('close', () => closed.abort(new GantryError('Cancelled', 'the call was given up')))
  return closed.signal
}
