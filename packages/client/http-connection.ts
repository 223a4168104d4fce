/** One connection that carries HTTP/1.1 requests one after another. */
import type { Duplex } from 'node:stream'
import { type BodyDecoder, bodyDecoder } from './body-decoder.ts'
import type { ByteStream } from './byte-stream.ts'
import { brokenAnswer, brokenConnection } from './connect-error.ts'
import { type ResponseHead, requestHead, takeHead } from './http-message.ts'
import type { NodeStream } from './node-stream.ts'
import { ResponseBody } from './response-body.ts'

const lineEnd = Buffer.from('\r\n')
/** The end of a body in chunks. */
const lastChunk = Buffer.from('0\r\n\r\n')

export interface HttpRequest {
  method: string
  /** Path and query. */
  target: string
  headers: Readonly<Record<string, string>>
  /** A function is called once the head has gone out, so that the server has something to do meanwhile. What is read piece by piece goes out so. */
  body?: Buffer | (() => Buffer) | AsyncIterable<Buffer | string>
}

export interface HttpResponse extends ResponseHead {
  /** Ends with the answer; destroying it early closes the connection. */
  body: ResponseBody
}

/** The server closed a connection that had been used before: the request can be sent again on a new one. */
export class StaleConnection extends Error {
  constructor() {
    super('error during connect: EOF')
  }
}

/**
 * A request at a time: `send` may be called again once the body of the last answer has ended and `reusable` is true.
 */
export class HttpConnection {
  readonly #stream: ByteStream
  #used = false
  #reusable = false
  #broken: Error | undefined
  /** The answer has come, and is an error. */
  #refused = false
  /** Nothing of the request's body is left to be sent. */
  #wholeRequest = true
  #onData: (bytes: Buffer) => void = () => {}
  #onClose: (error?: Error) => void = () => {}
  /** Called when an answer has ended and the connection is free for the next request. */
  onFree: () => void = () => {}
  /** Called when the present exchange is over, before `onFree`. */
  onDone: () => void = () => {}
  /** Called when the connection is over. */
  onOver: () => void = () => {}

  constructor(stream: ByteStream) {
    this.#stream = stream
    stream.onData = (bytes) => this.#onData(bytes)
    stream.onEnd = (error) => this.#closed(error)
  }

  get reusable(): boolean {
    return this.#reusable && this.#broken === undefined
  }

  /** Sends a request; resolves with the head of its answer. The body must be read or destroyed. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { head, rest } = await this.#exchange(request)
    const decoder = bodyDecoder(request.method, head)
    const keepAlive = !/\bclose\b/i.test(head.headers.connection ?? '') && !decoder.endsWithConnection
    return { ...head, body: this.#body(decoder, rest, keepAlive) }
  }

  /**
   * Sends a request that takes the connection over. Resolves with the raw stream if the server agrees (101, or 200 as old
   * engines say), otherwise with the answer.
   */
  async upgrade(request: HttpRequest): Promise<{ head: ResponseHead; stream: Duplex } | HttpResponse> {
    const stream = this.#stream
    if (!isNodeStream(stream)) throw new TypeError('this connection cannot be taken over')
    const { head, rest } = await this.#exchange(request)
    if (head.status !== 101 && head.status !== 200) {
      return { ...head, body: this.#body(bodyDecoder(request.method, head), rest, false) }
    }
    return { head, stream: stream.takeOver(rest) }
  }

  close(): void {
    this.#stream.destroy()
  }

  /** Sends the request and waits for the head of its answer. */
  #exchange(request: HttpRequest): Promise<{ head: ResponseHead; rest: Buffer }> {
    if (this.#broken !== undefined) throw this.#used ? new StaleConnection() : this.#broken
    const mayBeStale = this.#used
    this.#used = true
    this.#reusable = false
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0)
      this.#onClose = (error) => {
        const stale = mayBeStale && received.length === 0
        reject(stale ? new StaleConnection() : brokenConnection(error))
      }
      this.#onData = (bytes) => {
        try {
          received = received.length > 0 ? Buffer.concat([received, bytes]) : bytes
          const taken = takeHead(received)
          if (taken === undefined) return
          if (taken.head.status >= 100 && taken.head.status < 200 && taken.head.status !== 101) {
            received = taken.rest
            return
          }
          // Nothing may be lost between this head and whoever takes the body.
          this.#stream.pause()
          this.#refused = taken.head.status >= 300
          this.#onData = () => {}
          resolve(taken)
        } catch (error) {
          this.#stream.destroy()
          reject(error)
        }
      }
      this.#stream.resume()
      this.#refused = false
      this.#write(request).catch((error: unknown) => {
        this.#stream.destroy()
        reject(error)
      })
    })
  }

  async #write({ method, target, headers, body }: HttpRequest): Promise<void> {
    this.#wholeRequest = true
    if (body !== undefined && !Buffer.isBuffer(body)) {
      const head = requestHead(method, target, { ...headers, 'Transfer-Encoding': 'chunked' })
      this.#stream.write(Buffer.from(head))
      if (typeof body === 'function') return this.#writeChunk(body())
      return await this.#writeChunks(body)
    }
    const length = body?.length ?? (method === 'POST' ? 0 : undefined)
    const head = requestHead(method, target, {
      ...headers,
      ...(length !== undefined && { 'Content-Length': String(length) }),
    })
    this.#stream.write(Buffer.concat([Buffer.from(head), ...(body === undefined ? [] : [body])]))
  }

  /** Sends a body that is one chunk. */
  #writeChunk(bytes: Buffer): void {
    if (bytes.length === 0) return void this.#stream.write(lastChunk)
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`)
    this.#stream.write(Buffer.concat([size, bytes, lineEnd, lastChunk]))
  }

  /**
   * Sends a body as long as the server wants it: after an error the rest is not sent. An answer may also begin early to tell
   * of what has arrived.
   */
  async #writeChunks(body: AsyncIterable<Buffer | string>): Promise<void> {
    this.#wholeRequest = false
    for await (const part of body) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part
      if (bytes.length === 0) continue
      if (this.#refused || this.#stream.destroyed) return
      const goesOn = this.#stream.write(Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, lineEnd)
      if (!goesOn) await this.#stream.drained()
    }
    if (this.#refused || this.#stream.destroyed) return
    this.#stream.write(lastChunk)
    this.#wholeRequest = true
  }

  #body(decoder: BodyDecoder, first: Buffer, keepAlive: boolean): ResponseBody {
    let ended = false
    const body = new ResponseBody({
      pause: () => ended || this.#stream.pause(),
      resume: () => ended || this.#stream.resume(),
      abandon: () => ended || this.#stream.destroy(),
    })
    const finish = () => {
      ended = true
      this.#onData = () => {}
      this.#onClose = () => {}
      body.end()
      this.#done()
      if (!keepAlive || !this.#wholeRequest) return void this.#stream.destroy()
      this.#reusable = true
      // An idle connection must notice that the server closes it.
      this.#stream.resume()
      this.onFree()
    }
    const take = (bytes: Buffer) => {
      try {
        const { data, rest } = decoder.decode(bytes)
        for (const part of data) body.push(part)
        if (rest !== undefined) finish()
      } catch (error) {
        body.destroy(error as Error)
      }
    }
    this.#onData = take
    this.#onClose = (error) => {
      if (ended) return
      if (error === undefined && decoder.endsWithConnection) finish()
      else body.end(brokenAnswer(error))
    }
    take(first)
    if (!ended && this.#broken !== undefined) this.#onClose(this.#broken)
    return body
  }

  #closed(error?: Error): void {
    if (this.#broken !== undefined) return
    this.#broken = brokenConnection(error)
    this.#onClose(error)
    this.#stream.destroy()
    this.#done()
    this.onOver()
  }

  #done(): void {
    this.onDone()
    this.onDone = () => {}
  }
}

const isNodeStream = (stream: ByteStream): stream is NodeStream => 'takeOver' in stream
