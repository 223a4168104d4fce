/** Splitting a growing file into its lines, in blocks, both ways. */
import type { FileHandle } from 'node:fs/promises'
import { endsLine } from './cri.ts'

const newline = 0x0a
const blockBytes = 256 * 1024
/** What is longer than this without a newline is no record of conmon's. */
const maximumRecordBytes = 1024 * 1024

/** Reads records forward from an offset. Ends at what is the end of the file now, and can be asked again. */
export class RecordReader {
  readonly #file: FileHandle
  #offset: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(file: FileHandle, offset: number) {
    this.#file = file
    this.#offset = offset
  }

  /** The records of the next block, with their newlines. Null at the end; an unfinished record waits for its rest. */
  async next(): Promise<Buffer[] | null> {
    const block = Buffer.allocUnsafe(blockBytes)
    const { bytesRead } = await this.#file.read(block, 0, blockBytes, this.#offset)
    if (bytesRead === 0) return null
    this.#offset += bytesRead
    const bytes = block.subarray(0, bytesRead)
    return this.#split(this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes)
  }

  #split(bytes: Buffer): Buffer[] {
    const records: Buffer[] = []
    let from = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      records.push(bytes.subarray(from, end + 1))
      from = end + 1
    }
    const rest = bytes.subarray(from)
    this.#rest = rest.length > maximumRecordBytes ? Buffer.alloc(0) : rest
    return records
  }
}

/** The offset where the last `lines` lines of a log begin, found from the end backwards. */
export async function tailOffset(file: FileHandle, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size
  let found = 0
  let carry: Buffer = Buffer.alloc(0)
  for (let start = size; start > 0; ) {
    const length = Math.min(blockBytes, start)
    const block = Buffer.allocUnsafe(length)
    await file.read(block, 0, length, start - length)
    start -= length
    const bytes = carry.length > 0 ? Buffer.concat([block, carry]) : block
    let end = bytes.length
    for (;;) {
      // `end` is behind a newline: the record between the newline before it and this one.
      const before = end >= 2 ? bytes.lastIndexOf(newline, end - 2) : -1
      if (before < 0 && start > 0) break
      const atEnd = start + end === size
      if (end > 0 && !atEnd && endsLine(bytes.subarray(before + 1, end)) && ++found === lines)
        return start + end
      if (before < 0) break
      end = before + 1
    }
    carry = end > maximumRecordBytes ? Buffer.alloc(0) : bytes.subarray(0, end)
  }
  return 0
}
