/**
 * bzip2. The libraries that there are for JavaScript decode all they are given at once, however much that becomes; this
 * one holds a block (at most 900,000 bytes) and what it was made from.
 */

import { BitReader, invalid } from './bzip2-bits.ts'
import { type Block, readBlock, undoTransform } from './bzip2-block.ts'
import { checksum } from './bzip2-checksum.ts'

/**
 * More than any block takes of the input: 18,002 groups of 50 symbols of 20 bits, and its tables. What is longer is not
 * the work of a compressor.
 */
const longestBlock = 2_500_000

const blockMagic = 0x314159265359
const endMagic = 0x177245385090

type Output = Uint8Array<ArrayBuffer>

/**
 * Decodes bzip2 data, and the streams that follow one another in it. Throws InvalidParameter for data that is damaged
 * or ends early.
 */
export async function* decodeBzip2(input: AsyncIterable<Uint8Array>): AsyncGenerator<Output> {
  const pieces = input[Symbol.asyncIterator]()
  const bits = new BitReader()
  for (let first = true; ; first = false) {
    await fill(bits, pieces)
    if (!first && bits.atEnd) return
    yield* decodeStream(bits, pieces)
    bits.alignToByte()
  }
}

/** One stream; several may follow one another, as parallel compressors make them. */
async function* decodeStream(bits: BitReader, input: AsyncIterator<Uint8Array>): AsyncGenerator<Output> {
  if (bits.read(24) !== 0x425a68) throw invalid('bad magic value')
  const level = bits.read(8) - 0x30
  if (level < 1 || level > 9) throw invalid('invalid compression level')
  const capacity = level * 100_000
  let sum = 0
  for (;;) {
    await fill(bits, input)
    const magic = bits.read(24) * 0x1000000 + bits.read(24)
    const stated = bits.readWord()
    if (magic === endMagic) {
      if (stated !== sum) throw invalid('checksum mismatch')
      return
    }
    if (magic !== blockMagic) throw invalid('bad magic value found')
    yield* outputOf(readBlock(bits, capacity), stated)
    sum = (((sum << 1) | (sum >>> 31)) ^ stated) >>> 0
  }
}

function* outputOf(block: Block, stated: number): Generator<Output> {
  let sum = 0xffffffff
  for (const piece of undoTransform(block)) {
    sum = checksum(sum, piece)
    yield piece
  }
  if (~sum >>> 0 !== stated) throw invalid('checksum mismatch')
}

/** Takes input until a whole block is there, or all that is left. */
async function fill(bits: BitReader, input: AsyncIterator<Uint8Array>): Promise<void> {
  const pieces: Uint8Array[] = []
  let missing = longestBlock - bits.left
  while (missing > 0 && !bits.complete) {
    const next = await input.next()
    if (next.done) bits.complete = true
    else {
      pieces.push(next.value)
      missing -= next.value.length
    }
  }
  if (pieces.length > 0) bits.append(pieces)
}
