/** A streaming tar writer: ustar where it suffices, PAX for what it cannot hold. The same entries give the same bytes. */
import { GantryError } from '@gantry/errors'
import type { EntryType, TarHeader } from './entry.ts'
import { blockSize, padding, writeChecksum } from './fields.ts'
import { bytesOfName } from './names.ts'
import { formatPaxRecord, formatPaxTime } from './pax.ts'

export interface TarInput {
  header: TarHeader
  /** Exactly `header.size` bytes; absent when the size is 0. */
  content?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

const flagOfType: Record<EntryType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** The archive of the entries, ended by two zero blocks. Rejects with InvalidParameter when content and size differ. */
export async function* writeTar(
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
): AsyncGenerator<Buffer> {
  for await (const { header, content } of entries) {
    const size = header.type === 'file' ? header.size : 0
    yield entryBlocks(header)
    let written = 0
    for await (const chunk of content ?? []) {
      written += chunk.length
      if (written > size) break
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    if (written !== size) {
      throw new GantryError(
        'InvalidParameter',
        `${header.name}: content is not of the size that was announced`,
      )
    }
    if (padding(size) > 0) yield Buffer.alloc(padding(size))
  }
  yield endBlocks
}

/** Ends every archive. */
export const endBlocks: Buffer = Buffer.alloc(2 * blockSize)

/** An archive of small files held in memory. */
export async function tarOf(entries: Iterable<TarInput>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeTar(entries)))
}

/**
 * What stands before an entry's content, for writers that bring the content themselves: `header.size` bytes for a file,
 * then as many zeros as `padding` says.
 */
export function entryBlocks(header: TarHeader): Buffer {
  const size = header.type === 'file' ? header.size : 0
  return headerBlocks(header, size, paxRecords(header, size))
}

/**
 * The same for a file with holes (GNU's PAX format 1.0): the content is then the bytes of the pieces alone, one after
 * another. `stored` is the size of the whole body, map and pieces, after which the padding comes.
 */
export function sparseBlocks(
  header: TarHeader,
  pieces: readonly { offset: number; length: number }[],
): { blocks: Buffer; stored: number } {
  const map = sparseMap(pieces, header.size)
  const stored = map.length + pieces.reduce((sum, { length }) => sum + length, 0)
  const slash = header.name.lastIndexOf('/') + 1
  const name = `${header.name.slice(0, slash)}GNUSparseFile.0/${header.name.slice(slash)}`
  const carrier = { ...header, name }
  const pax = [
    ...paxRecords(carrier, stored),
    formatPaxRecord('GNU.sparse.major', '1'),
    formatPaxRecord('GNU.sparse.minor', '0'),
    formatPaxRecord('GNU.sparse.name', bytesOfName(header.name)),
    formatPaxRecord('GNU.sparse.realsize', String(header.size)),
  ]
  return { blocks: Buffer.concat([headerBlocks(carrier, stored, pax), map]), stored }
}

/** Decimal numbers, one a line: how many pieces, then offset and length of each. GNU tar wants one at the very end. */
function sparseMap(pieces: readonly { offset: number; length: number }[], size: number): Buffer {
  const last = pieces.at(-1)
  const all = last && last.offset + last.length === size ? pieces : [...pieces, { offset: size, length: 0 }]
  const text = [all.length, ...all.flatMap(({ offset, length }) => [offset, length])].join('\n')
  const bytes = Buffer.from(`${text}\n`)
  return Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))])
}

function headerBlocks(header: TarHeader, size: number, pax: Buffer[]): Buffer {
  if (pax.length === 0) return ustarBlock(header, size, flagOfType[header.type])
  const body = Buffer.concat(pax)
  const name = `PaxHeaders.0/${header.name.split('/').at(-1) || 'entry'}`
  const carrier = { ...header, name: Buffer.from(name).toString('latin1', 0, 99), linkName: '' }
  return Buffer.concat([
    ustarBlock(carrier, body.length, 'x'),
    body,
    Buffer.alloc(padding(body.length)),
    ustarBlock(header, size, flagOfType[header.type]),
  ])
}

const largestOctal = { 8: 0o7777777, 12: 0o77777777777 } as const

function paxRecords(header: TarHeader, size: number): Buffer[] {
  const records: Buffer[] = []
  const add = (key: string, value: Uint8Array | string) => records.push(formatPaxRecord(key, value))
  const name = bytesOfName(header.name)
  const link = bytesOfName(header.linkName)
  if (needsPax(name) && splitName(name) === null) add('path', name)
  if (needsPax(link)) add('linkpath', link)
  if (size > largestOctal[12]) add('size', String(size))
  if (header.uid > largestOctal[8]) add('uid', String(header.uid))
  if (header.gid > largestOctal[8]) add('gid', String(header.gid))
  const { seconds, nanoseconds } = header.modified
  if (seconds < 0 || seconds > largestOctal[12] || nanoseconds > 0)
    add('mtime', formatPaxTime(header.modified))
  for (const [key, value] of [...header.xattrs].sort(([a], [b]) => (a < b ? -1 : 1)))
    add(`SCHILY.xattr.${key}`, value)
  return records
}

const needsPax = (name: Buffer): boolean => name.length > 100 || !isAscii(name)
const isAscii = (name: Buffer): boolean => name.every((byte) => byte < 0x80)

/** Splits a long name at a slash into ustar's prefix (155) and name (100); null when no slash fits. */
function splitName(name: Buffer): { prefix: Buffer; name: Buffer } | null {
  if (!isAscii(name) || name.length > 256) return null
  for (let slash = name.indexOf(0x2f, Math.max(name.length - 101, 1)); slash > 0 && slash <= 155; ) {
    const rest = name.subarray(slash + 1)
    if (rest.length > 0 && rest.length <= 100) return { prefix: name.subarray(0, slash), name: rest }
    slash = name.indexOf(0x2f, slash + 1)
  }
  return null
}

function ustarBlock(header: TarHeader, size: number, flag: string): Buffer {
  const block = Buffer.alloc(blockSize)
  const whole = bytesOfName(header.name)
  const split = needsPax(whole) ? splitName(whole) : null
  ;(split?.name ?? whole).copy(block, 0, 0, 100)
  octal(block, header.mode & 0o7777, 100, 8)
  octal(block, header.uid, 108, 8)
  octal(block, header.gid, 116, 8)
  octal(block, size, 124, 12)
  octal(block, Math.max(header.modified.seconds, 0), 136, 12)
  block.write(flag, 156, 'latin1')
  bytesOfName(header.linkName).copy(block, 157, 0, 100)
  block.write('ustar\x0000', 257, 'latin1')
  Buffer.from(header.userName).copy(block, 265, 0, 31)
  Buffer.from(header.groupName).copy(block, 297, 0, 31)
  octal(block, header.deviceMajor, 329, 8)
  octal(block, header.deviceMinor, 337, 8)
  split?.prefix.copy(block, 345)
  writeChecksum(block)
  return block
}

/** A number too large for its field is 0 here: the PAX header has it. */
function octal(block: Buffer, value: number, offset: number, length: 8 | 12): void {
  const fits = value <= largestOctal[length] ? value : 0
  block.write(fits.toString(8).padStart(length - 1, '0'), offset, 'latin1')
}
