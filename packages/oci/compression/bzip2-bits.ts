/** The bits of bzip2 data, the highest of each byte first. */
import { GantryError } from '@gantry/errors'

export class BitReader {
  #bytes = new Uint8Array(0)
  #at = 0
  /** The `#count` lowest bits are still to be read. */
  #bits = 0
  #count = 0
  /** No more will be appended. */
  complete = false

  /** Whole bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at + (this.#count >> 3)
  }

  get atEnd(): boolean {
    return this.left === 0
  }

  append(pieces: readonly Uint8Array[]): void {
    const rest = this.#bytes.subarray(this.#at)
    const length = pieces.reduce((sum, piece) => sum + piece.length, rest.length)
    const bytes = new Uint8Array(length)
    bytes.set(rest)
    let at = rest.length
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.#bytes = bytes
    this.#at = 0
  }

  /** The next 1 to 24 bits, which stay; what is beyond the end is 0. */
  peek(width: number): number {
    while (this.#count < width) {
      // Beyond the end `consume` tells.
      this.#bits = ((this.#bits << 8) | (this.#bytes[this.#at++] ?? 0)) >>> 0
      this.#count += 8
    }
    return (this.#bits >>> (this.#count - width)) & ((1 << width) - 1)
  }

  /** Passes over bits that were peeked at. Throws InvalidParameter at the end of the data. */
  consume(width: number): void {
    this.#count -= width
    if (this.#at - (this.#count >> 3) > this.#bytes.length)
      throw new GantryError('InvalidParameter', 'unexpected EOF')
  }

  /** The next 1 to 24 bits. */
  read(width: number): number {
    const value = this.peek(width)
    this.consume(width)
    return value
  }

  readWord(): number {
    return this.read(16) * 0x10000 + this.read(16)
  }

  alignToByte(): void {
    this.#count -= this.#count & 7
  }
}

/** For data that is no bzip2 or is damaged: InvalidParameter, in the words of Go's `compress/bzip2`. */
export const invalid = (what: string): GantryError =>
  new GantryError('InvalidParameter', `bzip2 data invalid: ${what}`)
