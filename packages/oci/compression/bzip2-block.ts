/** A block of bzip2 data: Huffman codes, move to front, the Burrows-Wheeler transform, runs. */
import { type BitReader, invalid } from './bzip2-bits.ts'
import { HuffmanCode } from './bzip2-huffman.ts'

/** What the transform made of a block. */
export interface Block {
  /** In the lowest byte the transform's output; above it, where the byte that follows it stands. */
  links: Uint32Array
  length: number
  /** Where the first byte stands. */
  start: number
}

/** Symbols that share a choice of code. */
const groupSize = 50
/** Pieces of output. */
const pieceSize = 256 * 1024

/** Reads a block behind its magic and checksum; it has at most `capacity` bytes. Throws InvalidParameter. */
export function readBlock(bits: BitReader, capacity: number): Block {
  if (bits.read(1) === 1) throw invalid('deprecated randomized files')
  const start = bits.read(24)
  const used = usedBytes(bits)
  const codeCount = bits.read(3)
  if (codeCount < 2 || codeCount > 6) throw invalid('invalid number of huffman trees')
  const choices = readChoices(bits, codeCount)
  const codes = Array.from({ length: codeCount }, () => HuffmanCode.read(bits, used.length + 2))
  const links = new Uint32Array(capacity)
  const length = readSymbols(bits, used, codes, choices, links)
  if (start >= length) throw invalid('pointer out of bounds')
  link(links, length)
  return { links, length, start }
}

/** The bytes that occur at all, as a map of maps. */
function usedBytes(bits: BitReader): Uint8Array {
  const used: number[] = []
  const ranges = bits.read(16)
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue
    const bytes = bits.read(16)
    for (let at = 0; at < 16; at++) if (bytes & (0x8000 >> at)) used.push(range * 16 + at)
  }
  if (used.length === 0) throw invalid('no symbols in input')
  return Uint8Array.from(used)
}

/** Which code each group has: in unary, as places in a list whose last choice moves to its front. */
function readChoices(bits: BitReader, codeCount: number): Uint8Array {
  const choices = new Uint8Array(bits.read(15))
  if (choices.length === 0) throw invalid('no tree selectors given')
  const recent = Uint8Array.from({ length: codeCount }, (_, code) => code)
  for (let group = 0; group < choices.length; group++) {
    let place = 0
    while (bits.read(1) === 1) if (++place >= codeCount) throw invalid('tree index too large')
    choices[group] = toFront(recent, place)
  }
  return choices
}

/** Fills the lowest bytes of `links`; returns how many. */
function readSymbols(
  bits: BitReader,
  used: Uint8Array,
  codes: readonly HuffmanCode[],
  choices: Uint8Array,
  links: Uint32Array,
): number {
  const recent = used.slice()
  const end = used.length + 1
  let length = 0
  let run = 0
  let runUnit = 1
  const fillRun = () => {
    if (length + run > links.length) throw invalid('data exceeds block size')
    links.fill(recent[0] as number, length, length + run)
    length += run
    run = 0
    runUnit = 1
  }
  for (const choice of choices) {
    const code = codes[choice] as HuffmanCode
    for (let count = 0; count < groupSize; count++) {
      const symbol = code.next(bits)
      if (symbol < 2) {
        // The digits of a run's length, of the values 1 and 2.
        run += runUnit << symbol
        runUnit <<= 1
        if (run > links.length) throw invalid('repeat count too large')
        continue
      }
      if (run > 0) fillRun()
      if (symbol === end) return length
      if (length === links.length) throw invalid('data exceeds block size')
      links[length++] = toFront(recent, symbol - 1)
    }
  }
  throw invalid('insufficient selector indices for number of decoded symbols')
}

function toFront(list: Uint8Array, place: number): number {
  const value = list[place] as number
  list.copyWithin(1, 0, place)
  list[0] = value
  return value
}

/** Sorts the places of the bytes: that of each byte's follower is what undoes the transform. */
function link(links: Uint32Array, length: number): void {
  const next = new Uint32Array(257)
  for (let at = 0; at < length; at++) {
    const above = ((links[at] as number) & 0xff) + 1
    next[above] = (next[above] as number) + 1
  }
  for (let byte = 1; byte < 257; byte++) next[byte] = (next[byte] as number) + (next[byte - 1] as number)
  for (let at = 0; at < length; at++) {
    const byte = (links[at] as number) & 0xff
    const place = next[byte] as number
    next[byte] = place + 1
    links[place] = (links[place] as number) | (at << 8)
  }
}

/** The content of a block: after four equal bytes comes how often the byte is repeated. A piece is the reader's own. */
export function* undoTransform({ links, length, start }: Block): Generator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(pieceSize)
  let filled = 0
  let entry = links[start] as number
  let previous = -1
  let equal = 0
  for (let done = 0; done < length; done++) {
    entry = links[entry >>> 8] as number
    const byte = entry & 0xff
    if (equal === 4) {
      if (filled + byte > pieceSize) {
        yield piece.subarray(0, filled)
        piece = new Uint8Array(pieceSize)
        filled = 0
      }
      piece.fill(previous, filled, filled + byte)
      filled += byte
      equal = 0
      previous = -1
      continue
    }
    equal = byte === previous ? equal + 1 : 1
    previous = byte
    if (filled === pieceSize) {
      yield piece
      piece = new Uint8Array(pieceSize)
      filled = 0
    }
    piece[filled++] = byte
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
