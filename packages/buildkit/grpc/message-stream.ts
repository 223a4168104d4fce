/** Messages in both directions of one HTTP/2 stream. */
import type { Duplex } from 'node:stream'
import { drained, gone } from './drained.ts'
import { messageHeader, messagesOf } from './framing.ts'

/** Bytes of one message; peers of gRPC's own making allow four MiB. */
const largestMessage = 4 << 20

/** Small messages are collected up to this many bytes. */
const batch = 64 << 10

export class MessageStream {
  readonly #stream: Duplex
  readonly #source: AsyncGenerator<Buffer>
  #waiting: Buffer[] = []
  #size = 0
  #scheduled = false

  constructor(stream: Duplex) {
    this.#stream = stream
    this.#source = messagesOf(stream.iterator({ destroyOnReturn: false }), largestMessage)
  }

  /** What the other side sends, until it has ended. Who leaves the loop can come back for the rest. */
  async *messages(): AsyncGenerator<Buffer> {
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done) return
      yield value
    }
  }

  /** Takes a message; resolves when there is room for the next one. Rejects with Unavailable once the stream is gone. */
  async send(message: Uint8Array): Promise<void> {
    this.#waiting.push(
      messageHeader(message.length),
      Buffer.from(message.buffer, message.byteOffset, message.length),
    )
    this.#size += message.length
    if (this.#size >= batch || this.#stream.writableNeedDrain) return this.flush()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.flush().catch(() => undefined) // whoever sends next hears of it
    })
  }

  /** Hands over what has been collected. */
  async flush(): Promise<void> {
    const stream = this.#stream
    if (stream.destroyed || stream.writableEnded) throw gone()
    if (this.#waiting.length === 0) return
    const bytes = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#size = 0
    if (!stream.write(bytes)) await drained(stream)
  }

  /** Nothing more will be sent. */
  async end(): Promise<void> {
    await this.flush()
    this.#stream.end()
  }
}
