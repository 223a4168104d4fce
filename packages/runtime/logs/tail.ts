/** Where the last lines of a log begin, found from its end backwards. */
import type { FileHandle } from 'node:fs/promises'
import { BlockReader, blockBytes, maximumRecordBytes } from './blocks.ts'
import { endsLine, RecordScanner, textOffset } from './cri.ts'
import type { LogFiles } from './files.ts'

const newline = 0x0a

/** A place in a log: an offset in a plain file, or a number of ended lines to pass over in a compressed one. */
export interface LogPosition {
  number: number
  offset: number
  lines: number
  /** Records before it: pieces of lines that end behind it, which lines of the other stream have come between. */
  pieces?: Buffer
}

/** What is written from here on is not for a reader that does not follow. */
export interface LogEnd {
  number: number
  size: number
}

/**
 * The position from which `lines` lines remain up to `end`, or to the present end. Plain files are read backwards and only as far as it
 * takes; a compressed one must be read through.
 */
export async function tailPosition(
  files: LogFiles,
  lines: number,
  end: LogEnd | null = null,
): Promise<LogPosition> {
  let left = lines
  let last = true
  const numbers = (await files.readable()).filter((number) => !end || number <= end.number)
  for (const number of numbers.reverse()) {
    const opened = await files.open(number)
    if (!opened) continue
    try {
      const place: Place = opened.compressed
        ? await inCompressed(opened.file, left, last)
        : await inPlain(opened.file, { lines: left, last, limit: number === end?.number ? end.size : null })
      if ('found' in place) return { number, offset: 0, lines: 0, ...place.found }
      left -= place.ended
      last &&= place.empty
    } finally {
      await opened.file.close()
    }
  }
  return { number: numbers.at(-1) ?? files.current, offset: 0, lines: 0 }
}

/** A place in the file; or how many lines end in it that count, and whether it says nothing at all. */
type Place = { found: Partial<LogPosition> } | { ended: number; empty: boolean }

/** `last`: nothing follows the file, so that the end of its last line is the end of all and counts for nothing. */
async function inPlain(
  file: FileHandle,
  { lines, last, limit }: { lines: number; last: boolean; limit: number | null },
): Promise<Place> {
  const size = limit ?? (await file.stat()).size
  if (lines <= 0) return { found: { offset: size } }
  let ended = 0
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
    let end = bytes.length
    for (;;) {
      // `end` is behind a newline: the record between the newline before it and this one.
      const before = end >= 2 ? bytes.lastIndexOf(newline, end - 2) : -1
      if (before < 0 && start > 0) break
      const atEnd = last && start + end === size
      if (end > 0 && !atEnd && isEnd(bytes, before + 1) && ++ended === lines)
        return {
          found: { offset: start + end, pieces: await openLines(file, start + end, bytes.subarray(end)) },
        }
      if (before < 0) break
      end = before + 1
    }
    carried = end > maximumRecordBytes ? 0 : end
  }
  return { ended, empty: size === 0 }
}

/** The pieces before `offset`, in the block before it, of lines that go on in `following`. */
async function openLines(file: FileHandle, offset: number, following: Buffer): Promise<Buffer> {
  const length = Math.min(blockBytes, offset)
  const block = Buffer.allocUnsafe(length)
  await file.read(block, 0, length, offset - length)
  const goingOn = streamsIn(following)
  let pieces: { stream: string; bytes: Buffer }[] = []
  for (const records = new RecordScanner(block); records.next(); ) {
    const { stream, full, start, end } = records
    if (full) pieces = pieces.filter((piece) => piece.stream !== stream)
    else if (goingOn.has(stream)) pieces.push({ stream, bytes: block.subarray(start, end) })
  }
  return Buffer.concat(pieces.map(({ bytes }) => bytes))
}

function streamsIn(bytes: Buffer): Set<string> {
  const streams = new Set<string>()
  for (const records = new RecordScanner(bytes); streams.size < 2 && records.next(); )
    streams.add(records.stream)
  return streams
}

function isEnd(bytes: Buffer, start: number): boolean {
  const text = textOffset(bytes, start)
  return text >= 0 && endsLine(bytes, text)
}

async function inCompressed(file: FileHandle, lines: number, last: boolean): Promise<Place> {
  const reader = new BlockReader(file, { compressed: true })
  let ended = 0
  let empty = true
  let endsFull = false
  for (let block = await reader.next(); block; block = await reader.next()) {
    empty = false
    const records = new RecordScanner(block)
    while (records.next()) {
      endsFull = records.full
      if (endsFull) ended++
    }
  }
  if (last && endsFull) ended--
  return ended >= lines ? { found: { lines: ended - lines + 1 } } : { ended, empty }
}
