/** Sparse files: GNU's own format and the three that GNU put into PAX headers (GNU tar manual, "Sparse Formats"). */
import { badHeader, blockSize, numberField } from './fields.ts'
import { type PaxRecords, paxNumber } from './pax.ts'
import type { ByteSource } from './source.ts'

/** Where the stored bytes belong, ascending and without overlap; `stored` is the sum of the lengths. */
export interface SparseMap {
  pieces: { offset: number; length: number }[]
  /** Size of the file with its holes. */
  realSize: number
  /** Bytes of the entry's body that the map itself took (PAX format 1.0). */
  mapBytes: number
}

const mostPieces = 1_000_000

/** GNU's format: four pieces in the header, 21 in each block that follows it. */
export async function gnuSparseMap(header: Buffer, source: ByteSource): Promise<SparseMap> {
  const numbers: number[] = []
  const read = (block: Buffer, from: number, count: number) => {
    for (let index = 0; index < count; index++) {
      const at = from + index * 24
      if (block[at] === 0) return
      numbers.push(numberField(block, at, 12), numberField(block, at + 12, 12))
    }
  }
  read(header, 386, 4)
  let more = header[482] !== 0
  while (more) {
    const block = await source.exactly(blockSize)
    if (block === null || numbers.length > mostPieces * 2) throw badHeader()
    read(block, 0, 21)
    more = block[504] !== 0
  }
  return checked(numbers, numberField(header, 483, 12), 0)
}

/** The map of a PAX entry; null when the entry is not sparse. `stored` bytes of body are there to read it from. */
export async function paxSparseMap(
  records: PaxRecords,
  stored: number,
  source: ByteSource,
): Promise<SparseMap | null> {
  const value = (key: string) => records.findLast(([each]) => each === key)?.[1]
  const numberOf = (key: string) => {
    const found = value(key)
    return found === undefined ? undefined : paxNumber(found)
  }
  if (numberOf('GNU.sparse.major') === 1 && numberOf('GNU.sparse.minor') === 0) {
    const { numbers, bytes } = await mapInBody(stored, source)
    return checked(numbers, numberOf('GNU.sparse.realsize') ?? -1, bytes)
  }
  const realSize = numberOf('GNU.sparse.size')
  if (realSize === undefined) return null
  const map = value('GNU.sparse.map')
  if (map !== undefined) {
    const texts = map.length === 0 ? [] : map.toString('latin1').split(',')
    return checked(texts.map(decimal), realSize, 0)
  }
  const keys = ['GNU.sparse.offset', 'GNU.sparse.numbytes']
  const numbers = records.filter(([key]) => keys.includes(key)).map(([, text]) => paxNumber(text))
  return checked(numbers, realSize, 0)
}

/** PAX format 1.0: decimal numbers, one a line, at the start of the body, padded to a block. The first counts the pairs. */
async function mapInBody(stored: number, source: ByteSource): Promise<{ numbers: number[]; bytes: number }> {
  const numbers: number[] = []
  let bytes = 0
  let text = ''
  for (let wanted = 1; numbers.length < wanted; ) {
    const newline = text.indexOf('\n')
    if (newline >= 0) {
      numbers.push(decimal(text.slice(0, newline)))
      text = text.slice(newline + 1)
      wanted = 1 + 2 * (numbers[0] as number)
      if (wanted > 2 * mostPieces) throw badHeader()
      continue
    }
    const block = bytes + blockSize > stored ? null : await source.exactly(blockSize)
    if (block === null || text.length > blockSize) throw badHeader()
    bytes += blockSize
    text += block.toString('latin1')
  }
  return { numbers: numbers.slice(1), bytes }
}

function decimal(text: string): number {
  return paxNumber(Buffer.from(text, 'latin1'))
}

function checked(numbers: number[], realSize: number, mapBytes: number): SparseMap {
  if (numbers.length % 2 !== 0 || numbers.length > mostPieces * 2 || realSize < 0) throw badHeader()
  const pieces: SparseMap['pieces'] = []
  let end = 0
  for (let at = 0; at < numbers.length; at += 2) {
    const offset = numbers[at] as number
    const length = numbers[at + 1] as number
    if (offset < end || length < 0 || offset + length > realSize) throw badHeader()
    end = offset + length
    if (length > 0) pieces.push({ offset, length })
  }
  return { pieces, realSize, mapBytes }
}
