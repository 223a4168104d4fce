/** How many bytes wait for a slow reader before the connection is told to wait. */
const enough = 64 * 1024

/** What a body asks of the connection that it comes from. */
export interface Source {
  pause(): void
  resume(): void
  /** Nobody wants the rest. */
  abandon(): void
}

/**
 * The body of an answer, for one reader: a loop over it, or `resume` to let it pass unread. Leaving the loop ends the
 * request.
 */
export class ResponseBody implements AsyncIterable<Buffer> {
  readonly #source: Source
  #parts: Buffer[] = []
  #waiting = 0
  #discards = false
  #over = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(source: Source) {
    this.#source = source
  }

  /** Adds what has come. */
  push(part: Buffer): void {
    if (this.#discards || this.#over) return
    this.#parts.push(part)
    this.#waiting += part.length
    if (this.#waiting >= enough) this.#source.pause()
    this.#wake?.()
  }

  /** There is no more, or no more to be had: what has come is read before an error is thrown. */
  end(error?: Error): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#wake?.()
  }

  /** Lets what comes pass unread, so that the connection can be used again. */
  resume(): void {
    this.#discards = true
    this.#parts = []
    this.#source.resume()
  }

  /** Ends the request; who is reading gets the error, or the end. */
  destroy(error?: Error): void {
    this.#parts = []
    if (this.#over) return
    this.end(error)
    this.#source.abandon()
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.destroy()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) {
        this.#waiting -= part.length
        return { done: false, value: part }
      }
      if (this.#error) throw this.#error
      if (this.#over) return { done: true, value: undefined }
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    this.#source.resume()
    await promise
    this.#wake = undefined
  }
}
