/** Reading a log file as blocks of whole records: a growing one at any offset, a compressed one from its start. */
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

const newline = 0x0a
export const blockBytes = 256 * 1024
/** What is longer than this without a newline is no record of conmon's. */
export const maximumRecordBytes = 1024 * 1024

/** Gives the bytes of a file piece by piece, each behind `rest`; null when there are no more for now. */
interface ByteSource {
  read(rest: Buffer): Promise<Buffer | null>
  close(): Promise<void>
}

/** Reads whole records forward. At the end of a file that grows it can be asked again. */
export class BlockReader {
  readonly #source: ByteSource
  #rest: Buffer = Buffer.alloc(0)

  /** Takes the file over. `offset` counts bytes, `limit` is where to stop; both hold for a plain file only. */
  constructor(file: FileHandle, options: { compressed: boolean; offset?: number; limit?: number }) {
    this.#source = options.compressed
      ? new CompressedBytes(file)
      : new FileBytes(file, options.offset ?? 0, options.limit ?? Number.POSITIVE_INFINITY)
  }

  /** Whole records with their newlines. Null at the end; an unfinished record waits for its rest. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const bytes = await this.#source.read(this.#rest)
      if (!bytes) return null
      const end = bytes.lastIndexOf(newline) + 1
      const rest = bytes.subarray(end)
      this.#rest = rest.length > maximumRecordBytes ? Buffer.alloc(0) : rest
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
  #offset: number

  constructor(file: FileHandle, offset: number, limit: number) {
    this.#file = file
    this.#offset = offset
    this.#limit = limit
  }

  async read(rest: Buffer): Promise<Buffer | null> {
    const wanted = Math.min(blockBytes, this.#limit - this.#offset)
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

  constructor(file: FileHandle) {
    this.#file = file
    const gunzip = createGunzip({ chunkSize: blockBytes })
    // An error comes out of the iteration.
    pipeline(file.createReadStream({ autoClose: false, highWaterMark: blockBytes }), gunzip, () => {})
    this.#chunks = gunzip[Symbol.asyncIterator]()
  }

  async read(rest: Buffer): Promise<Buffer | null> {
    const { value, done } = await this.#chunks.next().catch(endOfDamaged)
    if (done) return null
    return rest.length > 0 ? Buffer.concat([rest, value]) : value
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
    await this.#file.close()
  }
}

/** What a damaged file still says has been read. */
function endOfDamaged(error: unknown): IteratorResult<Buffer> {
  if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error
  return { done: true, value: undefined }
}
