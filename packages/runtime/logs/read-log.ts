/** Reading container logs, across all files of a log: `docker logs` with its selections, and what forwards them. */
import { basename, dirname } from 'node:path'
import type { LogBlock, LogPlace, LogQuery } from '../contracts.ts'
import { Bell } from './bell.ts'
import { BlockReader } from './blocks.ts'
import { instantAt, isBefore, type Stream } from './cri.ts'
import type { LogFiles } from './files.ts'
import { beginningOfLine, firstOf, onlyOf } from './open-line.ts'
import { TimeSelection } from './select.ts'
import { type LogEnd, type LogPosition, tailPosition } from './tail.ts'

const nothing = Buffer.alloc(0)
const bothStreams = ['stdout', 'stderr'] as const

/**
 * The records of a log, in blocks. Without `follow` up to what is its end now; with it until `ended` settles and the log is
 * drained. A log that does not exist is empty; with `follow` it is waited for. A file that was removed because the log
 * outgrew its limits before this reader came to it is passed over.
 */
export async function* readLog(
  files: LogFiles,
  query: LogQuery,
  ended: Promise<unknown>,
): AsyncGenerator<LogBlock> {
  using bell = new Bell(query, ended)
  using hearing = new DisposableStack()
  hearing.defer(files.listen(() => bell.ring()))
  const end = query.follow ? null : await presentEnd(files)
  const position = await startOf(files, query, end)
  const { number, offset } = position
  yield { bytes: nothing, caughtUp: false, end: { number, offset } }
  const selection = new TimeSelection(query)
  for await (const block of wholeLines({ files, position, end, bell, query })) {
    if (!query.since && !query.until) {
      yield block
      continue
    }
    const { pieces, past } = selection.select(block.bytes)
    for (const piece of pieces) yield { bytes: piece, caughtUp: false }
    if (past) return
    if (block.caughtUp) yield { ...block, bytes: nothing }
  }
}

/** What is written from now on begins here. */
export async function endOfLog(files: LogFiles): Promise<LogPlace> {
  return placeAt(await presentEnd(files))
}

function placeAt({ number, size }: LogEnd): LogPlace {
  return { number, offset: size }
}

/** Whether the log can still be read from there: its files are removed in time, or cleared. */
export async function holdsPlace(files: LogFiles, { number, offset }: LogPlace): Promise<boolean> {
  if (number <= files.cleared) return false
  const opened = await files.open(number)
  if (!opened) return number === files.current && offset === 0
  await using file = opened.file
  return opened.compressed || (await file.stat()).size >= offset
}

/**
 * The records from a position on, also of files that were cleared meanwhile, until `ended` settles and the log is drained.
 * Each block says where it ends, which is where to go on from.
 */
export async function* readLogFrom(
  files: LogFiles,
  { position, size, signal }: { position: LogPlace; size: number; signal: AbortSignal },
  ended: Promise<unknown>,
): AsyncGenerator<PlacedBlock> {
  const query = { follow: true, signal }
  using bell = new Bell(query, ended)
  using hearing = new DisposableStack()
  hearing.defer(files.listen(() => bell.ring()))
  yield* readBlocks({ files, position, end: null, bell, query, all: true, size })
}

export interface PlacedBlock extends LogBlock {
  end: LogPlace
}

interface Reading {
  files: LogFiles
  position: LogPosition
  end: LogEnd | null
  bell: Bell
  query: LogQuery
  /** Also files that were cleared. */
  all?: boolean
  size?: number
}

async function presentEnd(files: LogFiles): Promise<LogEnd> {
  for (;;) {
    const number = files.current
    const opened = await files.open(number)
    if (!opened) return { number, size: 0 }
    await using file = opened.file
    const { size } = await file.stat()
    if (number === files.current) return { number, size }
  }
}

async function startOf(
  files: LogFiles,
  { start, tail, since }: LogQuery,
  end: LogEnd | null,
): Promise<LogPosition> {
  if (start) return start
  if (tail === 0) return placeAt(end ?? (await presentEnd(files)))
  if (tail !== undefined) return await tailPosition(files, tail, end)
  const [oldest = files.current, ...others] = await files.readable()
  let number = oldest
  // A file that was last written before `since` has nothing to say.
  for (const next of others) {
    if (!since || !(await lastWrittenBefore(files, number, since.seconds))) break
    number = next
  }
  return { number, offset: 0, ...(number !== oldest && { unsure: bothStreams }) }
}

async function lastWrittenBefore(files: LogFiles, number: number, seconds: number): Promise<boolean> {
  const opened = await files.open(number)
  if (!opened) return true
  await using file = opened.file
  return (await file.stat()).mtimeMs < (seconds - 1) * 1000
}

/**
 * With the beginnings of the lines that the position is in the midst of, each before the first record of its stream behind
 * the position. They are looked for only then: a stream that has nothing more to say may have said its last long ago.
 */
async function* wholeLines(reading: Reading): AsyncGenerator<LogBlock> {
  const { position, query } = reading
  const unsure = new Set(position.unsure)
  for await (const block of readBlocks(reading)) {
    let from = 0
    for (const { stream, at } of firstsOf(unsure, block.bytes)) {
      unsure.delete(stream)
      // What goes on too early has begun too early.
      if (query.since && isBefore(instantAt(block.bytes, at), query.since)) continue
      if (at > from) yield { bytes: block.bytes.subarray(from, at), caughtUp: false }
      yield* beginningOf(stream, reading)
      from = at
    }
    yield from === 0 ? block : { ...block, bytes: block.bytes.subarray(from) }
  }
}

/** Where the first records of streams are, in their order. */
function firstsOf(streams: ReadonlySet<Stream>, bytes: Buffer): { stream: Stream; at: number }[] {
  return [...streams]
    .map((stream) => ({ stream, at: firstOf(stream, bytes) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
}

/** The pieces before the position of a line that goes on behind it. */
async function* beginningOf(stream: Stream, reading: Reading): AsyncGenerator<LogBlock> {
  const { files, position, query } = reading
  const place = { number: position.number, offset: position.offset }
  const from = await beginningOfLine(files, { place, stream, signal: query.signal })
  if (!from) return
  const end = { number: place.number, size: place.offset }
  for await (const { bytes } of readBlocks({
    ...reading,
    position: from,
    end,
    query: { ...query, follow: false },
  })) {
    const pieces = onlyOf(stream, bytes)
    if (pieces.length > 0) yield { bytes: pieces, caughtUp: false }
  }
}

/** Goes from file to file by their numbers, since a list of names is old when it has been read. */
async function* readBlocks(reading: Reading): AsyncGenerator<PlacedBlock> {
  const { files, position, end, bell, all } = reading
  for (let place = position; ; ) {
    const complete = yield* readFile(reading, place)
    if (!complete || bell.stopped || (end && place.number >= end.number)) return
    const number = Math.max(place.number + 1, all ? 0 : files.cleared + 1)
    place = { number, offset: 0 }
  }
}

/** One file to its end; whether there may be another one after it. */
async function* readFile(reading: Reading, place: LogPosition): AsyncGenerator<PlacedBlock, boolean> {
  const { files, end, bell, query, size } = reading
  const { number } = place
  const opened = await openOrWait(files, number, bell, query.follow === true)
  if (!opened) return files.isSettled(number)
  const limit = end?.number === number ? end.size : undefined
  const reader = new BlockReader(opened.file, {
    compressed: opened.compressed,
    offset: place.offset,
    ...(limit !== undefined && { limit }),
    ...(size !== undefined && { size }),
  })
  const here = () => ({ number, offset: reader.offset })
  try {
    // The watch comes first: what is written between the last read and a later watch would ring no bell.
    if (query.follow && !files.isSettled(number)) listenTo(files, number, bell)
    for (;;) {
      const final = bell.ended || !query.follow
      const settled = files.isSettled(number)
      for (let block = await reader.next(); block && !bell.stopped; block = await reader.next()) {
        yield { bytes: block, caughtUp: false, end: here() }
      }
      if (settled || (final && number < files.current)) return true
      if (bell.stopped || final) return false
      yield { bytes: nothing, caughtUp: true, end: here() }
      await bell.wait()
    }
  } finally {
    await reader.close()
  }
}

/** A file that is renamed after its path was asked for is watched under no name: every rotation rings the bell anyway. */
function listenTo(files: LogFiles, number: number, bell: Bell): void {
  bell.listen(number === files.current ? files.path : files.rotatedPath(number))
}

async function openOrWait(files: LogFiles, number: number, bell: Bell, follow: boolean) {
  if (follow && number === files.current) bell.listen(dirname(files.path), basename(files.path))
  for (;;) {
    const final = bell.ended
    const opened = await files.open(number)
    if (opened || !follow || final || bell.stopped || files.isSettled(number)) return opened
    await bell.wait()
  }
}
