/** One connection that carries HTTP/1.1 requests one after another. */
import { type Duplex, Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import { type BodyDecoder, bodyDecoder } from './body-decoder.ts'
import { type ResponseHead, requestHead, takeHead } from './http-message.ts'

export interface HttpRequest {
  method: string
  /** Path and query. */
  target: string
  headers: Readonly<Record<string, string>>
  /** A Readable goes out in chunks. */
  body?: Buffer | Readable
}

export interface HttpResponse extends ResponseHead {
  /** Ends with the answer; destroying it early closes the connection. */
  body: Readable
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
  readonly #stream: Duplex
  #used = false
  #reusable = false
  #broken: Error | undefined
  /** The head of the answer has come. */
  #answered = false
  /** Nothing of the request's body is left to be sent. */
  #wholeRequest = true
  #onData: (bytes: Buffer) => void = () => {}
  #onClose: (error?: Error) => void = () => {}
  /** Called when an answer has ended and the connection is free for the next request. */
  onFree: () => void = () => {}

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => this.#onData(bytes))
    stream.on('error', (error) => this.#closed(error))
    stream.on('end', () => this.#closed())
    stream.on('close', () => this.#closed())
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
    const { head, rest } = await this.#exchange(request)
    if (head.status !== 101 && head.status !== 200) {
      return { ...head, body: this.#body(bodyDecoder(request.method, head), rest, false) }
    }
    this.#stream.removeAllListeners()
    this.#stream.pause()
    if (rest.length > 0) this.#stream.unshift(rest)
    return { head, stream: this.#stream }
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
        reject(
          stale
            ? new StaleConnection()
            : (error ?? new GantryError('Unavailable', 'error during connect: EOF')),
        )
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
          this.#answered = true
          this.#onData = () => {}
          resolve(taken)
        } catch (error) {
          this.#stream.destroy(error as Error)
          reject(error)
        }
      }
      this.#stream.resume()
      this.#answered = false
      this.#write(request).catch((error: unknown) => {
        this.#stream.destroy()
        reject(error)
      })
    })
  }

  async #write({ method, target, headers, body }: HttpRequest): Promise<void> {
    this.#wholeRequest = true
    if (body instanceof Readable) {
      this.#stream.write(requestHead(method, target, { ...headers, 'Transfer-Encoding': 'chunked' }))
      return await this.#writeChunks(body)
    }
    const length = body?.length ?? (method === 'POST' ? 0 : undefined)
    const head = requestHead(method, target, {
      ...headers,
      ...(length !== undefined && { 'Content-Length': String(length) }),
    })
    this.#stream.write(body === undefined ? head : Buffer.concat([Buffer.from(head), body]))
  }

  /** Sends a body as long as the server wants it: an answer that comes early is an error, and the rest is not sent. */
  async #writeChunks(body: Readable): Promise<void> {
    this.#wholeRequest = false
    for await (const part of body as AsyncIterable<Buffer | string>) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part
      if (bytes.length === 0) continue
      if (this.#answered || this.#stream.destroyed) return
      this.#stream.cork()
      this.#stream.write(`${bytes.length.toString(16)}\r\n`, 'latin1')
      this.#stream.write(bytes)
      const goesOn = this.#stream.write('\r\n', 'latin1')
      this.#stream.uncork()
      if (!goesOn) await this.#drained()
    }
    if (this.#answered || this.#stream.destroyed) return
    this.#stream.write('0\r\n\r\n')
    this.#wholeRequest = true
  }

  #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => {
      this.#stream.off('drain', done).off('close', done)
      resolve()
    }
    this.#stream.on('drain', done).on('close', done)
    return promise
  }

  #body(decoder: BodyDecoder, first: Buffer, keepAlive: boolean): Readable {
    let ended = false
    const body = new Readable({
      read: () => {
        if (!ended) this.#stream.resume()
      },
      destroy: (error, callback) => {
        if (!ended) this.#stream.destroy()
        callback(error)
      },
    })
    const finish = () => {
      ended = true
      this.#onData = () => {}
      this.#onClose = () => {}
      body.push(null)
      if (!keepAlive || !this.#wholeRequest) return void this.#stream.destroy()
      this.#reusable = true
      // An idle connection must notice that the server closes it, and must not keep the process alive.
      this.#stream.resume()
      this.onFree()
    }
    const take = (bytes: Buffer) => {
      try {
        const { data, rest } = decoder.decode(bytes)
        const wantsMore = data.map((part) => body.push(part)).every(Boolean)
        if (rest !== undefined) finish()
        else if (!wantsMore) this.#stream.pause()
      } catch (error) {
        body.destroy(error as Error)
      }
    }
    this.#onData = take
    this.#onClose = (error) => {
      if (ended) return
      if (error === undefined && decoder.endsWithConnection) finish()
      else body.destroy(error ?? new GantryError('Unavailable', 'unexpected EOF'))
    }
    take(first)
    if (!ended && this.#broken !== undefined) this.#onClose(this.#broken)
    return body
  }

  #closed(error?: Error): void {
    if (this.#broken !== undefined) return
    this.#broken = error ?? new GantryError('Unavailable', 'error during connect: EOF')
    this.#onClose(error)
    this.#stream.destroy()
  }
}
