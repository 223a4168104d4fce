/** A canonical Huffman code of bzip2: shorter codes first, those of one length in the order of the symbols. */
import { type BitReader, invalid } from './bzip2-bits.ts'

const longestCode = 20

export class HuffmanCode {
  /** By length: codes below this, written with 20 bits, are no longer than that. */
  readonly #limits = new Uint32Array(longestCode + 1)
  /** By length: what to take from a code to find its symbol's place. */
  readonly #offsets = new Int32Array(longestCode + 1)
  readonly #symbols: Uint16Array
  readonly #shortest: number
  readonly #longest: number

  constructor(lengths: Uint8Array) {
    const order = Array.from(lengths.keys())
    this.#symbols = Uint16Array.from(order.sort((a, b) => (lengths[a] as number) - (lengths[b] as number)))
    this.#shortest = Math.min(...lengths)
    this.#longest = Math.max(...lengths)
    let code = 0
    let place = 0
    for (let length = this.#shortest; length <= this.#longest; length++) {
      this.#offsets[length] = code - place
      const count = lengths.filter((each) => each === length).length
      code += count
      place += count
      if (code > 2 ** length) throw invalid('too many codes')
      this.#limits[length] = code << (longestCode - length)
      code <<= 1
    }
  }

  /** Each length is told by its difference to the one before. */
  static read(bits: BitReader, symbolCount: number): HuffmanCode {
    const lengths = new Uint8Array(symbolCount)
    let length = bits.read(5)
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      for (;;) {
        if (length < 1 || length > longestCode) throw invalid('Huffman length out of range')
        if (bits.read(1) === 0) break
        length += bits.read(1) === 0 ? 1 : -1
      }
      lengths[symbol] = length
    }
    return new HuffmanCode(lengths)
  }

  next(bits: BitReader): number {
    const ahead = bits.peek(longestCode)
    for (let length = this.#shortest; length <= this.#longest; length++) {
      if (ahead >= (this.#limits[length] as number)) continue
      bits.consume(length)
      const place = (ahead >>> (longestCode - length)) - (this.#offsets[length] as number)
      return this.#symbols[place] as number
    }
    throw invalid('bad Huffman code')
  }
}
