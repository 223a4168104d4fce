/** A streaming tar reader: ustar, V7, GNU (long names, sparse, base-256) and PAX. Holds one chunk, never a file. */
import { GantryError } from '@gantry/errors'
import { type EntryType, entryHeader, type Piece, type TarHeader } from './entry.ts'
import { badHeader, blockSize, checksumHolds, numberField, padding, textField, truncated } from './fields.ts'
import { textOfName } from './names.ts'
import { type PaxRecords, parsePax, paxNumber, paxTime } from './pax.ts'
import { ByteSource } from './source.ts'
import { gnuSparseMap, paxSparseMap, type SparseMap } from './sparse.ts'

export interface TarEntry {
  header: TarHeader
  /** The content, once, before the next entry is asked for; what is not read is passed over. */
  pieces(): AsyncGenerator<Piece>
}

/** Largest PAX header, long name or long link name, in bytes. */
const largestExtension = 1024 * 1024

const typeOfFlag: Record<string, EntryType> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
}

/** What the headers before an entry's own say about it. */
interface Extensions {
  name?: Buffer
  linkName?: Buffer
  pax: PaxRecords
}

/**
 * The entries of an archive, in order. After the last one the source is read to its end, so that a digest of the
 * stream covers it all. Rejects with InvalidParameter: `unexpected EOF`, `archive/tar: invalid tar header`.
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const source = new ByteSource(archive)
  try {
    let extensions: Extensions = { pax: [] }
    for (let block = await nextHeader(source); block !== null; block = await nextHeader(source)) {
      const flag = String.fromCharCode(block[156] as number)
      if ('LKxgX'.includes(flag)) {
        await readExtension(source, flag, numberField(block, 124, 12), extensions)
        continue
      }
      const body = await openBody(source, block, flag, extensions)
      yield { header: body.header, pieces: () => body.read() }
      await body.skipRest()
      extensions = { pax: [] }
    }
    await source.drain()
  } finally {
    await source.close()
  }
}

/** The next header block; null at the end, which is two blocks of zeros, or the end of the source. */
async function nextHeader(source: ByteSource): Promise<Buffer | null> {
  const block = await source.exactly(blockSize)
  if (block === null) return null
  if (isZero(block)) {
    const second = await source.exactly(blockSize)
    if (second !== null && !isZero(second)) throw badHeader()
    return null
  }
  if (!checksumHolds(block)) throw badHeader()
  return Buffer.from(block)
}

const zeros = Buffer.alloc(blockSize)
const isZero = (block: Buffer): boolean => block.equals(zeros)

async function readExtension(
  source: ByteSource,
  flag: string,
  size: number,
  extensions: Extensions,
): Promise<void> {
  if (size < 0 || size > largestExtension) throw badHeader()
  const read = size === 0 ? Buffer.alloc(0) : await source.exactly(size)
  if (read === null) throw truncated()
  const body = Buffer.from(read)
  await source.skip(padding(size))
  if (flag === 'L') extensions.name = textField(body, 0, body.length)
  else if (flag === 'K') extensions.linkName = textField(body, 0, body.length)
  // A global header ('g') is left aside, as Docker does: it carries comments, such as git's.
  else if (flag !== 'g') extensions.pax = parsePax(body)
}

async function openBody(
  source: ByteSource,
  block: Buffer,
  flag: string,
  extensions: Extensions,
): Promise<Body> {
  const header = parseHeader(block, flag, extensions)
  const stored = header.type === 'file' ? header.size : 0
  const map =
    flag === 'S' ? await gnuSparseMap(block, source) : await sparseOf(header, extensions.pax, source)
  if (map !== null) {
    const held = map.pieces.reduce((sum, { length }) => sum + length, map.mapBytes)
    if (held > stored) throw badHeader()
    header.size = map.realSize
  }
  return new Body(source, header, stored, map)
}

async function sparseOf(header: TarHeader, pax: PaxRecords, source: ByteSource): Promise<SparseMap | null> {
  return header.type === 'file' ? paxSparseMap(pax, header.size, source) : null
}

function parseHeader(block: Buffer, flag: string, extensions: Extensions): TarHeader {
  const type = typeOfFlag[flag]
  if (type === undefined) {
    throw new GantryError('InvalidParameter', `unhandled tar header type ${JSON.stringify(flag)}`)
  }
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? textField(block, 345, 155) : Buffer.alloc(0)
  const shortName = textField(block, 0, 100)
  const name = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), shortName]) : shortName
  const header = entryHeader({
    name: textOfName(extensions.name ?? name),
    type,
    linkName: textOfName(extensions.linkName ?? textField(block, 157, 100)),
    mode: numberField(block, 100, 8) & 0o7777,
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    userName: textField(block, 265, 32).toString(),
    groupName: textField(block, 297, 32).toString(),
    size: type === 'file' ? numberField(block, 124, 12) : 0,
    modified: { seconds: numberField(block, 136, 12), nanoseconds: 0 },
    deviceMajor: type === 'character' || type === 'block' ? numberField(block, 329, 8) : 0,
    deviceMinor: type === 'character' || type === 'block' ? numberField(block, 337, 8) : 0,
  })
  for (const [key, value] of extensions.pax) applyPax(header, key, value)
  // An old archive has no flag for directories.
  if (header.type === 'file' && flag !== 'S' && header.name.endsWith('/')) header.type = 'directory'
  if (header.size < 0 || header.name.includes('\0') || header.linkName.includes('\0')) throw badHeader()
  return header
}

const xattrPrefix = 'SCHILY.xattr.'

function applyPax(header: TarHeader, key: string, value: Buffer): void {
  if (key.startsWith(xattrPrefix)) header.xattrs.set(key.slice(xattrPrefix.length), value)
  else if (key === 'path' || key === 'GNU.sparse.name') header.name = textOfName(value)
  else if (key === 'linkpath') header.linkName = textOfName(value)
  else if (key === 'size' && header.type === 'file') header.size = paxNumber(value)
  else if (key === 'uid') header.uid = paxNumber(value)
  else if (key === 'gid') header.gid = paxNumber(value)
  else if (key === 'uname') header.userName = value.toString()
  else if (key === 'gname') header.groupName = value.toString()
  else if (key === 'mtime') header.modified = paxTime(value)
}

/** The stored bytes of one entry, given out as pieces. */
class Body {
  readonly header: TarHeader
  readonly #source: ByteSource
  readonly #pieces: Iterator<{ offset: number; length: number }>
  #piece: { offset: number; length: number } | undefined
  /** Bytes of the archive that are left of the entry, without its padding. */
  #left: number
  readonly #padding: number

  constructor(source: ByteSource, header: TarHeader, stored: number, map: SparseMap | null) {
    this.header = header
    this.#source = source
    this.#left = stored - (map?.mapBytes ?? 0)
    this.#padding = padding(stored)
    this.#pieces = (map?.pieces ?? [{ offset: 0, length: stored }]).values()
  }

  async *read(): AsyncGenerator<Piece> {
    for (this.#piece ??= this.#next(); this.#piece; this.#piece = this.#next()) {
      while (this.#piece.length > 0) {
        const data = await this.#source.some(this.#piece.length)
        if (data === null) throw truncated()
        const { offset, length }: { offset: number; length: number } = this.#piece
        this.#left -= data.length
        this.#piece = { offset: offset + data.length, length: length - data.length }
        yield { offset, data }
      }
    }
  }

  async skipRest(): Promise<void> {
    await this.#source.skip(this.#left)
    await this.#source.skipPadding(this.#padding)
    this.#left = 0
    this.#piece = { offset: 0, length: 0 }
  }

  #next(): { offset: number; length: number } | undefined {
    const next = this.#pieces.next()
    return next.done ? undefined : next.value
  }
}

/** The whole content of a small file. Rejects with InvalidParameter above `limit` bytes. */
export async function readEntry(entry: TarEntry, limit: number): Promise<Buffer> {
  const { name, size } = entry.header
  if (size > limit) throw new GantryError('InvalidParameter', `${name}: larger than ${limit} bytes`)
  const content = Buffer.alloc(size)
  for await (const { offset, data } of entry.pieces()) data.copy(content, offset)
  return content
}
