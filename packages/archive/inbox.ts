/** The bytes of an archive that the daemon sends, from the thread's side. */
import { GantryError } from '@gantry/errors'

/** Steps that the daemon may send ahead: one to work on, one on its way. */
const ahead = 2

export class Inbox implements AsyncIterable<Buffer> {
  readonly #more: () => void
  readonly #steps: Uint8Array<ArrayBuffer>[][] = []
  #ended = false
  #failure: Error | null = null
  #wake = () => {}

  /** `more` asks the daemon for one step. */
  constructor(more: () => void) {
    this.#more = more
    for (let count = 0; count < ahead; count++) more()
  }

  take(pieces: Uint8Array<ArrayBuffer>[]): void {
    this.#steps.push(pieces)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  abort(): void {
    this.#failure = new GantryError('Cancelled', 'the archive ended early')
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#failure) throw this.#failure
      const step = this.#steps.shift()
      if (step) {
        for (const { buffer } of step) yield Buffer.from(buffer)
        this.#more()
      } else if (this.#ended) return
      else await this.#arrival()
    }
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

/**
 * Frees the memory of each chunk when the next one is asked for. Left to the collector, a large upload would have it
 * go through the whole heap again and again, since what it counts is memory that nothing small holds.
 */
export async function* released(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk
    const { buffer } = chunk
    if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0)
  }
}
