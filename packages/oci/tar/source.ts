import { truncated } from './fields.ts'

/** Reads an archive's bytes in the sizes the format dictates, holding no more than one chunk of the source. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #current: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** The next `length` bytes if the chunk at hand has them all, else null and nothing is read. Valid until the next call. */
  ready(length: number): Buffer | null {
    if (this.#current.length < length) return null
    const taken = this.#current.subarray(0, length)
    this.#current = this.#current.subarray(length)
    return taken
  }

  /** Passes over `length` bytes if the chunk at hand has them all; says whether it did. */
  skipReady(length: number): boolean {
    if (this.#current.length < length) return false
    if (length > 0) this.#current = this.#current.subarray(length)
    return true
  }

  /** The next 1 to `most` bytes, or null at the end. Valid until the next call. */
  async some(most: number): Promise<Buffer | null> {
    while (this.#current.length === 0) {
      const next = await this.#chunks.next()
      if (next.done) return null
      this.#current = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const taken = this.#current.subarray(0, most)
    this.#current = this.#current.subarray(taken.length)
    return taken
  }

  /** Exactly `length` bytes; null when the source ended before the first. Rejects when it ends in between. */
  async exactly(length: number): Promise<Buffer | null> {
    const first = await this.some(length)
    if (first === null || first.length === length) return first
    const whole = Buffer.allocUnsafe(length)
    let filled = first.copy(whole)
    while (filled < length) {
      const more = await this.some(length - filled)
      if (more === null) throw truncated()
      filled += more.copy(whole, filled)
    }
    return whole
  }

  /** Passes over `length` bytes. Rejects when the source ends before. */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const part = await this.some(left)
      if (part === null) throw truncated()
      left -= part.length
    }
  }

  /** Passes over the padding of an entry, which some writers leave out at the end of an archive. */
  async skipPadding(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const part = await this.some(left)
      if (part === null) return
      left -= part.length
    }
  }

  /** Passes over all that is left. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== null);
  }

  /** Tells the source that no more will be read. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
