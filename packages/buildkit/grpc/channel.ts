/** The calling side of gRPC on a connection that is there already. */
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import type { Duplex } from 'node:stream'
import { GantryError, messageOf } from '@gantry/errors'
import type { MessageType } from '../wire/message.ts'
import { MessageStream } from './message-stream.ts'
import { errorOf, ok } from './status.ts'

/** Bytes in flight: of one stream, and of the whole connection. */
const window = 4 << 20

/** Milliseconds between two signs of life that the other side is asked for, and for each. */
const pingInterval = 30_000

export type Metadata = Readonly<Record<string, string | readonly string[]>>

export interface Method<I, O> {
  /** `/package.Service/Method` */
  path: string
  input: MessageType<I>
  output: MessageType<O>
}

export class Channel {
  readonly #session: ClientHttp2Session
  readonly #closed = new AbortController()

  /** Takes the connection over: closing the channel closes it. */
  constructor(connection: Duplex) {
    this.#session = connect('http://localhost', {
      createConnection: () => connection,
      settings: { initialWindowSize: window, maxHeaderListSize: 64 << 10, enablePush: false },
    })
    this.#session.once('connect', () => {
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(window)
    })
    this.#session.on('error', () => this.#session.destroy())
    this.#session.once('close', () => this.#closed.abort(closedError()))
    connection.once('close', () => this.#session.destroy())
    // Sockets of HTTP servers stay half open; a peer that sends no more frames has gone.
    connection.once('end', () => connection.destroy())
    this.#watch()
  }

  /** Aborted when the connection is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** One message there, one back. */
  async call<I, O>(
    method: Method<I, O>,
    input: Partial<I>,
    options: { metadata?: Metadata; signal?: AbortSignal } = {},
  ): Promise<O> {
    await using stream = this.open(method, options)
    await stream.send(input)
    await stream.end()
    let answer: O | null = null
    for await (const message of stream.messages()) answer ??= message
    if (answer === null) throw new GantryError('System', `${method.path}: no answer`)
    return answer
  }

  /** Messages in both directions. Disposing of it before it has ended cancels the call. */
  open<I, O>(
    method: Method<I, O>,
    { metadata = {}, signal }: { metadata?: Metadata; signal?: AbortSignal } = {},
  ): Call<I, O> {
    signal?.throwIfAborted()
    this.#closed.signal.throwIfAborted()
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': method.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(metadata as Record<string, string | string[]>),
    })
    const abort = (): void => stream.close(constants.NGHTTP2_CANCEL)
    signal?.addEventListener('abort', abort, { once: true })
    stream.once('close', () => signal?.removeEventListener('abort', abort))
    return new Call(method, stream, signal)
  }

  close(): void {
    this.#session.destroy()
  }

  #watch(): void {
    let answered = true
    const timer = setInterval(() => {
      if (!answered) return this.#session.destroy()
      answered = false
      this.#session.ping((error) => {
        answered = error === null
      })
    }, pingInterval)
    timer.unref()
    this.#closed.signal.addEventListener('abort', () => clearInterval(timer))
  }
}

type Stream = ReturnType<ClientHttp2Session['request']>

export class Call<I, O> implements AsyncDisposable {
  readonly #method: Method<I, O>
  readonly #stream: Stream
  readonly #messages: MessageStream
  readonly #signal: AbortSignal | undefined
  readonly #status: Promise<void>

  constructor(method: Method<I, O>, stream: Stream, signal: AbortSignal | undefined) {
    this.#method = method
    this.#stream = stream
    this.#messages = new MessageStream(stream)
    this.#signal = signal
    this.#status = statusOf(stream)
    this.#status.catch(() => undefined) // told at the end of the messages
  }

  async send(input: Partial<I>): Promise<void> {
    try {
      await this.#messages.send(this.#method.input.encode(input))
    } catch (error) {
      await this.#fail(error)
    }
  }

  async end(): Promise<void> {
    await this.#messages.end()
  }

  /** What comes back. Rejects with the error that the other side gives. */
  async *messages(): AsyncGenerator<O> {
    try {
      for await (const message of this.#messages.messages()) yield this.#method.output.decode(message)
    } catch (error) {
      await this.#fail(error)
    }
    this.#signal?.throwIfAborted()
    await this.#status
  }

  /** A status that the other side gave says more than that the stream has ended. */
  async #fail(error: unknown): Promise<never> {
    this.#signal?.throwIfAborted()
    if (this.#stream.destroyed) await this.#status
    throw error instanceof GantryError
      ? error
      : new GantryError('Unavailable', messageOf(error), { cause: error })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

/** Settles when the other side has told how the call ended. */
function statusOf(stream: Stream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const take = (headers: Record<string, unknown>): void => {
    const status = headers['grpc-status']
    if (status === undefined) return
    if (Number(status) === ok) resolve()
    else reject(errorOf(Number(status), String(headers['grpc-message'] ?? '')))
  }
  stream.on('response', (headers) => {
    if (headers[':status'] !== 200)
      reject(new GantryError('Unavailable', `unexpected HTTP status ${headers[':status']}`))
    take(headers)
  })
  stream.on('trailers', take)
  stream.on('error', (error) => reject(new GantryError('Unavailable', messageOf(error))))
  stream.once('close', () => reject(closedError()))
  return promise
}

const closedError = (): GantryError => new GantryError('Unavailable', 'the client has closed the connection')
