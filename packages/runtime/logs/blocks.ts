/** Reading a log file as blocks of whole records: a growing one at any offset, a compressed one from its start. */
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { OpenedFile } from './files.ts'

const newline = 0x0a
export const blockBytes = 64 * 1024
/** What is longer than this without a newline is no record of conmon's. */
const maximumRecordBytes = 1024 * 1024

/** Gives the bytes of a file piece by piece, each behind `rest`; null when there are no more for now. */
interface ByteSource {
  read(rest: Buffer): Promise<Buffer | null>
  close(): Promise<void>
}

export interface BlockOptions {
  compressed: boolean
  /** Where to begin, in bytes of the plain file, and where to stop; also in a file that is compressed. */
  offset?: number
  limit?: number
  /** Bytes of a block, about. */
  size?: number
}

/** Reads whole records forward. At the end of a file that grows it can be asked again. */
export class BlockReader {
  readonly #source: ByteSource
  #rest: Buffer = Buffer.alloc(0)
  /** Behind the last record that `next` has given, in a plain file. */
  offset: number

  /** Takes the file over. */
  constructor(file: FileHandle, options: BlockOptions) {
    this.offset = options.offset ?? 0
    this.#source = options.compressed ? new CompressedBytes(file, options) : new FileBytes(file, options)
  }

  /** Whole records with their newlines. Null at the end; an unfinished record waits for its rest. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const bytes = await this.#source.read(this.#rest)
      if (!bytes) return null
      const end = bytes.lastIndexOf(newline) + 1
      const rest = bytes.subarray(end)
      const isGarbage = rest.length > maximumRecordBytes
      this.#rest = isGarbage ? Buffer.alloc(0) : rest
      this.offset += isGarbage ? bytes.length : end
      if (end > 0) return bytes.subarray(0, end)
    }
  }

  close(): Promise<void> {
    return this.#source.close()
  }
}

class FileBytes implements ByteSource {
  readonly #file: FileHandle
  readonly #limit: number
  readonly #size: number
  #offset: number

  constructor(file: FileHandle, { offset = 0, limit, size = blockBytes }: BlockOptions) {
    this.#file = file
    this.#offset = offset
    this.#limit = limit ?? Number.POSITIVE_INFINITY
    this.#size = size
  }

  async read(rest: Buffer): Promise<Buffer | null> {
    const wanted = Math.min(this.#size, this.#limit - this.#offset)
    if (wanted <= 0) return null
    const bytes = Buffer.allocUnsafe(rest.length + wanted)
    const { bytesRead } = await this.#file.read(bytes, rest.length, wanted, this.#offset)
    if (bytesRead === 0) return null
    rest.copy(bytes)
    this.#offset += bytesRead
    return bytes.subarray(0, rest.length + bytesRead)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

class CompressedBytes implements ByteSource {
  readonly #file: FileHandle
  readonly #chunks: AsyncIterator<Buffer>
  /** Bytes to pass over still, and bytes to give then. */
  #skip: number
  #left: number

  constructor(file: FileHandle, { offset = 0, limit = Number.POSITIVE_INFINITY }: BlockOptions) {
    this.#file = file
    this.#skip = offset
    this.#left = limit - offset
    const gunzip = createGunzip({ chunkSize: blockBytes })
    // An error comes out of the iteration, which may not have begun.
    gunzip.on('error', () => {})
    const packed = file.createReadStream({ autoClose: false, highWaterMark: blockBytes, start: 0 })
    pipeline(packed, gunzip, () => {})
    this.#chunks = gunzip[Symbol.asyncIterator]()
  }

  async read(rest: Buffer): Promise<Buffer | null> {
    for (;;) {
      if (this.#left <= 0) return null
      const { value, done } = await this.#chunks.next().catch(endOfDamaged)
      if (done) return null
      const passed = Math.min(this.#skip, value.length)
      const wanted = value.subarray(passed, Math.min(value.length, passed + this.#left))
      this.#skip -= passed
      this.#left -= wanted.length
      if (wanted.length > 0) return rest.length > 0 ? Buffer.concat([rest, wanted]) : wanted
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
    await this.#file.close()
  }
}

/**
 * The first `size` bytes of a plain file, backwards in blocks of whole records, each with its place in the file. Only the
 * last record of all may lack its newline. A block is good until the next one is asked for.
 */
export async function* blocksBackwards(
  file: FileHandle,
  size: number,
): AsyncGenerator<{ bytes: Buffer; start: number }> {
  // One buffer for all blocks: what is left of a block, `carried` bytes, comes behind the one before it.
  let space = Buffer.allocUnsafe(2 * blockBytes)
  let carried = 0
  for (let start = size; start > 0; ) {
    const length = Math.min(blockBytes, start)
    if (length + carried > space.length) space = Buffer.concat([space], 2 * (length + carried))
    space.copyWithin(length, 0, carried)
    await file.read(space, 0, length, start - length)
    start -= length
    const bytes = space.subarray(0, length + carried)
    const first = start === 0 ? 0 : bytes.indexOf(newline) + 1
    const isWhole = start === 0 || (first > 0 && first < bytes.length)
    if (isWhole) yield { bytes: bytes.subarray(first), start: start + first }
    carried = isWhole ? first : bytes.length
    if (carried > maximumRecordBytes) carried = 0
  }
}

/** The same forwards, of a plain file or a compressed one, up to `limit` bytes of it. Takes the file over. */
export async function* blocksForwards(
  { file, compressed }: OpenedFile,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ bytes: Buffer; start: number }> {
  const reader = new BlockReader(file, { compressed, limit })
  try {
    for (let bytes = await reader.next(); bytes; bytes = await reader.next())
      yield { bytes, start: reader.offset - bytes.length }
  } finally {
    await reader.close()
  }
}

/** What a damaged file still says has been read. */
function endOfDamaged(error: unknown): IteratorResult<Buffer> {
  if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error
  return { done: true, value: undefined }
}
