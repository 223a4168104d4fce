/** Where a line begins that is under way at a place of a log: the other stream may have written much since. */
import type { FileHandle } from 'node:fs/promises'
import type { LogPlace } from '../contracts.ts'
import { blocksBackwards, blocksForwards } from './blocks.ts'
import { RecordScanner, type Stream } from './cri.ts'
import type { LogFiles, OpenedFile } from './files.ts'

/**
 * The first record of the line of `stream` that has not ended at `place`; null when there is no such line. Reads back to the
 * last end of a line of that stream, in whichever file that is, or until `signal` is aborted.
 */
export async function beginningOfLine(
  files: LogFiles,
  { place, stream, signal }: { place: LogPlace; stream: Stream; signal?: AbortSignal },
): Promise<LogPlace | null> {
  let beginning: LogPlace | null = null
  const numbers = (await files.readable()).filter((number) => number <= place.number)
  for (const number of numbers.reverse()) {
    const opened = await files.open(number)
    if (!opened) break
    const limit = number === place.number ? place.offset : undefined
    const pieces = opened.compressed
      ? await inCompressed(opened, { stream, limit, signal })
      : await inPlain(opened.file, { stream, limit, signal })
    if (pieces.from >= 0) beginning = { number, offset: pieces.from }
    if (pieces.afterEnd || signal?.aborted) break
  }
  return beginning
}

interface Search {
  stream: Stream
  limit: number | undefined
  signal: AbortSignal | undefined
}

/** The last pieces of a stream in some bytes that no end of a line follows; -1: there are none. */
interface Pieces {
  from: number
  /** Another line of the stream ends in the bytes, so that these pieces are all of their line. */
  afterEnd: boolean
}

async function inPlain(file: FileHandle, { stream, limit, signal }: Search): Promise<Pieces> {
  await using _ = file
  const found: Pieces = { from: -1, afterEnd: false }
  for await (const { bytes, start } of blocksBackwards(file, limit ?? (await file.stat()).size)) {
    if (signal?.aborted) break
    const { from, afterEnd } = lastPieces(bytes, stream)
    if (from >= 0) found.from = start + from
    if (afterEnd) return { ...found, afterEnd }
  }
  return found
}

async function inCompressed(opened: OpenedFile, { stream, limit, signal }: Search): Promise<Pieces> {
  const found: Pieces = { from: -1, afterEnd: false }
  for await (const { bytes, start } of blocksForwards(opened, limit)) {
    if (signal?.aborted) break
    const { from, afterEnd } = lastPieces(bytes, stream)
    if (afterEnd) Object.assign(found, { from: -1, afterEnd })
    if (from >= 0 && found.from < 0) found.from = start + from
  }
  return found
}

function lastPieces(bytes: Buffer, stream: Stream): Pieces {
  const pieces: Pieces = { from: -1, afterEnd: false }
  if (!mentions(bytes, stream)) return pieces
  for (const records = new RecordScanner(bytes); records.next(); ) {
    if (records.stream !== stream) continue
    if (records.full) Object.assign(pieces, { from: -1, afterEnd: true })
    else if (pieces.from < 0) pieces.from = records.start
  }
  return pieces
}

/** Where the first record of the stream begins; -1 when there is none. */
export function firstOf(stream: Stream, bytes: Buffer): number {
  if (!mentions(bytes, stream)) return -1
  for (const records = new RecordScanner(bytes); records.next(); )
    if (records.stream === stream) return records.start
  return -1
}

/** The records of one stream. */
export function onlyOf(stream: Stream, bytes: Buffer): Buffer {
  const kept: Buffer[] = []
  for (const records = new RecordScanner(bytes); records.next(); )
    if (records.stream === stream) kept.push(bytes.subarray(records.start, records.end))
  return Buffer.concat(kept)
}

/** Far faster than walking through the records, most of which are of the other stream. */
function mentions(bytes: Buffer, stream: Stream): boolean {
  return bytes.includes(` ${stream} `, 0, 'latin1')
}
