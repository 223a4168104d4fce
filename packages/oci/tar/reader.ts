/** A streaming tar reader: ustar, V7, GNU (long names, sparse, base-256) and PAX. Holds one chunk, never a file. */
import { GantryError } from '@gantry/errors'
import type { EntryType, Piece, TarHeader } from './entry.ts'
import {
  badHeader,
  blockSize,
  checksumHolds,
  nameField,
  numberField,
  padding,
  textField,
  truncated,
} from './fields.ts'
import { textOfName } from './names.ts'
import { type PaxRecords, parsePax, paxNumber, paxTime } from './pax.ts'
import { ByteSource } from './source.ts'
import { gnuSparseMap, paxSparseMap, type SparseMap } from './sparse.ts'

export interface TarEntry {
  header: TarHeader
  /** The content, once, before the next entry is asked for; what is not read is passed over. */
  pieces(): AsyncGenerator<Piece>
  /** The content in one piece if it is at hand and has no holes, in the place of `pieces`; valid until the next entry. */
  whole(): Buffer | null
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
      yield body
      await body.skipRest()
      extensions = { pax: [] }
    }
    await source.drain()
  } finally {
    await source.close()
  }
}

/** The next header block, valid until the next read; null at the end: two blocks of zeros, or the end of the source. */
async function nextHeader(source: ByteSource): Promise<Buffer | null> {
  const block = source.ready(blockSize) ?? (await source.exactly(blockSize))
  if (block === null) return null
  if (isZero(block)) {
    const second = await source.exactly(blockSize)
    if (second !== null && !isZero(second)) throw badHeader()
    return null
  }
  if (!checksumHolds(block)) throw badHeader()
  return block
}

const zeros = Buffer.alloc(blockSize)
const isZero = (block: Buffer): boolean => block[0] === 0 && block.equals(zeros)

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
    flag === 'S'
      ? await gnuSparseMap(Buffer.from(block), source)
      : extensions.pax.length > 0 && header.type === 'file'
        ? await paxSparseMap(extensions.pax, header.size, source)
        : null
  if (map !== null) {
    const held = map.pieces.reduce((sum, { length }) => sum + length, map.mapBytes)
    if (held > stored) throw badHeader()
    header.size = map.realSize
  }
  return new Body(source, header, stored, map)
}

function parseHeader(block: Buffer, flag: string, extensions: Extensions): TarHeader {
  const type = typeOfFlag[flag]
  if (type === undefined) {
    throw new GantryError('InvalidParameter', `unhandled tar header type ${JSON.stringify(flag)}`)
  }
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix && block[345] !== 0 ? `${nameField(block, 345, 155)}/` : ''
  const isDevice = type === 'character' || type === 'block'
  const { name, linkName } = extensions
  const header: TarHeader = {
    name: name ? textOfName(name) : prefix + nameField(block, 0, 100),
    type,
    linkName: linkName ? textOfName(linkName) : nameField(block, 157, 100),
    mode: numberField(block, 100, 8) & 0o7777,
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    userName: nameField(block, 265, 32),
    groupName: nameField(block, 297, 32),
    size: type === 'file' ? numberField(block, 124, 12) : 0,
    modified: { seconds: numberField(block, 136, 12), nanoseconds: 0 },
    deviceMajor: isDevice ? numberField(block, 329, 8) : 0,
    deviceMinor: isDevice ? numberField(block, 337, 8) : 0,
    xattrs: new Map(),
  }
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

/** One entry; its stored bytes are given out as pieces. */
class Body implements TarEntry {
  readonly header: TarHeader
  readonly #source: ByteSource
  /** What is still to come; the first one is what is being read. */
  readonly #pieces: { offset: number; length: number }[]
  readonly #isSparse: boolean
  /** Bytes of the archive that are left of the entry, without its padding. */
  #left: number
  readonly #padding: number

  constructor(source: ByteSource, header: TarHeader, stored: number, map: SparseMap | null) {
    this.header = header
    this.#source = source
    this.#left = stored - (map?.mapBytes ?? 0)
    this.#padding = padding(stored)
    this.#isSparse = map !== null
    // Backwards, so that taking one is cheap however many there are.
    this.#pieces = map ? map.pieces.toReversed() : [{ offset: 0, length: stored }]
  }

  whole(): Buffer | null {
    if (this.#isSparse || this.#left < this.header.size) return null
    const content = this.#source.ready(this.#left)
    if (content) this.#left = this.#pieces.length = 0
    return content
  }

  async *pieces(): AsyncGenerator<Piece> {
    for (let piece = this.#pieces.at(-1); piece; piece = this.#pieces.at(-1)) {
      if (piece.length === 0) {
        this.#pieces.pop()
        continue
      }
      const data = await this.#source.some(piece.length)
      if (data === null) throw truncated()
      const { offset } = piece
      this.#left -= data.length
      piece.offset += data.length
      piece.length -= data.length
      yield { offset, data }
    }
  }

  async skipRest(): Promise<void> {
    if (!this.#source.skipReady(this.#left + this.#padding)) {
      await this.#source.skip(this.#left)
      await this.#source.skipPadding(this.#padding)
    }
    this.#left = this.#pieces.length = 0
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
