/** Local files as an archive. Reads while the engine takes what was read before. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import {
  endBlocks,
  entryBlocks,
  entryTypeOf,
  FirstNames,
  fileHeader,
  padding,
  type TarHeader,
  textOfName,
} from '@gantry/oci/tar'
import { localError } from './local-error.ts'

const chunkSize = 1024 * 1024

/**
 * The archive of a file or directory under a name, with all that is in it; `.` for the content of a directory. Entries
 * are in the order of their names. Pieces are of up to a megabyte; each is the reader's own.
 */
export function* packLocal(path: string, name: string): Generator<Buffer> {
  const chunk = new Chunk()
  const firstNames = new FirstNames()
  const waiting: { place: Buffer; name: string }[] = [{ place: Buffer.from(path), name }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const info = stat(next.place)
    const type = entryTypeOf(info)
    if (type === null) continue
    const header = fileHeader(info, type, next.name)
    // Docker's cp knows whole seconds.
    header.modified.nanoseconds = 0
    const first = firstNames.of(info, header.name)
    if (first !== undefined) {
      yield* chunk.add(entryBlocks({ ...header, type: 'link', linkName: first, size: 0 }))
      continue
    }
    if (type === 'file') yield* addFile(chunk, next.place, header)
    else {
      if (type === 'symlink') header.linkName = textOfName(readlinkSync(next.place, 'buffer'))
      yield* chunk.add(entryBlocks(header))
    }
    if (type === 'directory') waiting.push(...childrenOf(next.place, next.name))
  }
  yield* chunk.add(endBlocks)
  yield* chunk.rest()
}

/** The last in the order of names first, since they are taken from the end. */
function childrenOf(directory: Buffer, name: string): { place: Buffer; name: string }[] {
  const names = readdir(directory).sort((a, b) => Buffer.compare(b, a))
  return names.map((child) => ({
    place: Buffer.concat([directory, Buffer.from('/'), child]),
    name: `${name}/${textOfName(child)}`,
  }))
}

/** As many bytes as the header says, also when the file changes meanwhile. */
function* addFile(chunk: Chunk, place: Buffer, header: TarHeader): Generator<Buffer> {
  const fd = open(place)
  try {
    header.size = fstatSync(fd).size
    yield* chunk.add(entryBlocks(header))
    for (let done = 0; done < header.size; ) {
      const space = chunk.space(header.size - done)
      const count = readSync(fd, space, 0, space.length, done)
      if (count === 0) space.fill(0)
      yield* chunk.filled(count || space.length)
      done += count || space.length
    }
    yield* chunk.add(endBlocks.subarray(0, padding(header.size)))
  } finally {
    closeSync(fd)
  }
}

/** Gathers what is written into pieces of one size. */
class Chunk {
  #bytes = Buffer.allocUnsafe(chunkSize)
  #filled = 0

  /** A part that is free, of at most so many bytes. */
  space(most: number): Buffer {
    return this.#bytes.subarray(this.#filled, Math.min(this.#filled + most, chunkSize))
  }

  *add(bytes: Uint8Array): Generator<Buffer> {
    for (let at = 0; at < bytes.length; ) {
      const space = this.space(bytes.length - at)
      space.set(bytes.subarray(at, at + space.length))
      yield* this.filled(space.length)
      at += space.length
    }
  }

  *filled(count: number): Generator<Buffer> {
    this.#filled += count
    if (this.#filled < chunkSize) return
    const full = this.#bytes
    this.#bytes = Buffer.allocUnsafe(chunkSize)
    this.#filled = 0
    yield full
  }

  *rest(): Generator<Buffer> {
    if (this.#filled > 0) yield this.#bytes.subarray(0, this.#filled)
  }
}

function stat(place: Buffer): BigIntStats {
  try {
    return lstatSync(place, { bigint: true })
  } catch (error) {
    throw localError('lstat', place.toString(), error)
  }
}

function readdir(place: Buffer): Buffer[] {
  try {
    return readdirSync(place, { encoding: 'buffer' })
  } catch (error) {
    throw localError('open', place.toString(), error)
  }
}

function open(place: Buffer): number {
  try {
    return openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    throw localError('open', place.toString(), error)
  }
}
