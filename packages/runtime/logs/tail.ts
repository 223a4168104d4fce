/** Where the last lines of a log begin, found from its end backwards. */
import type { FileHandle } from 'node:fs/promises'
import type { LogPlace } from '../contracts.ts'
import { blocksBackwards, blocksForwards } from './blocks.ts'
import { endsLine, RecordScanner, type Stream, streamOf, textOffset } from './cri.ts'
import type { LogFiles, OpenedFile } from './files.ts'

const newline = 0x0a

export interface LogPosition extends LogPlace {
  /** The streams of which a line may be under way there; none when it is not given. */
  unsure?: readonly Stream[]
}

/** Where a line of this stream ends, one of the other may be under way. */
const unsureBehind = (stream: Stream): Stream[] => [stream === 'stdout' ? 'stderr' : 'stdout']

/** What is written from here on is not for a reader that does not follow. */
export interface LogEnd {
  number: number
  size: number
}

/**
 * The position from which `lines` lines, one or more, remain up to `end`, or to the present end. Plain files are read
 * backwards and only as far as it takes; a compressed one must be read through.
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
    const limit = number === end?.number ? end.size : null
    const place = await placeIn(files, number, { lines: left, last, limit })
    if (!place) continue
    if ('found' in place) return { number, ...place.found }
    left -= place.ended
    last &&= place.empty
  }
  return { number: numbers.at(-1) ?? files.current, offset: 0 }
}

interface Wanted {
  lines: number
  /** Nothing follows the file, so that the end of its last line is the end of all and counts for nothing. */
  last: boolean
  limit: number | null
}

/** How many lines end in a file that count, and whether it says nothing at all. */
interface Counted {
  ended: number
  empty: boolean
}
interface Found {
  found: { offset: number; unsure: Stream[] }
}

/** Null when the file is gone. */
async function placeIn(files: LogFiles, number: number, wanted: Wanted): Promise<Found | Counted | null> {
  const opened = await files.open(number)
  if (!opened) return null
  if (!opened.compressed) {
    await using file = opened.file
    return await inPlain(file, wanted)
  }
  const counted = await countLines(opened, wanted.last)
  if (counted.ended < wanted.lines) return counted
  const again = await files.open(number)
  return again && (await behindLine(again, counted.ended - wanted.lines + 1))
}

async function inPlain(file: FileHandle, { lines, last, limit }: Wanted): Promise<Found | Counted> {
  const size = limit ?? (await file.stat()).size
  let ended = 0
  for await (const { bytes, start } of blocksBackwards(file, size)) {
    for (let end = bytes.length, from = 0; end > 0; end = from) {
      // `end` is behind a newline: the record between the newline before it and this one.
      from = end >= 2 ? bytes.lastIndexOf(newline, end - 2) + 1 : 0
      const text = textOffset(bytes, from)
      const atEnd = last && start + end === size
      if (text >= 0 && text < end && endsLine(bytes, text) && !atEnd && ++ended === lines)
        return { found: { offset: start + end, unsure: unsureBehind(streamOf(bytes, text)) } }
    }
  }
  return { ended, empty: size === 0 }
}

async function countLines(opened: OpenedFile, last: boolean): Promise<Counted> {
  let ended = 0
  let empty = true
  let endsFull = false
  for await (const { bytes } of blocksForwards(opened)) {
    empty = false
    for (const records = new RecordScanner(bytes); records.next(); ) {
      endsFull = records.full
      if (endsFull) ended++
    }
  }
  if (last && endsFull) ended--
  return { ended, empty }
}

/** The end of the file's `line`th line. Null when it does not have as many any more. */
async function behindLine(opened: OpenedFile, line: number): Promise<Found | null> {
  let left = line
  for await (const { bytes, start } of blocksForwards(opened)) {
    for (const records = new RecordScanner(bytes); records.next(); )
      if (records.full && --left === 0)
        return { found: { offset: start + records.end, unsure: unsureBehind(records.stream) } }
  }
  return null
}
