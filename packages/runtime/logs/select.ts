import { type Instant, instantAt, isBefore, RecordScanner } from './cri.ts'

/**
 * The records of a block that are neither before `since` nor after `until`, as pieces of it, and whether one was after
 * `until`: then the log is at its end, as Docker sees it.
 */
export function selectByTime(
  block: Buffer,
  { since, until }: { since?: Instant; until?: Instant },
): { pieces: Buffer[]; past: boolean } {
  const pieces: Buffer[] = []
  const records = new RecordScanner(block)
  let from = -1
  const cut = (end: number) => {
    if (from >= 0) pieces.push(block.subarray(from, end))
    from = -1
  }
  while (records.next()) {
    const time = instantAt(block, records.start)
    if (until && isBefore(until, time)) {
      cut(records.start)
      return { pieces, past: true }
    }
    if (since && isBefore(time, since)) cut(records.start)
    else if (from < 0) from = records.start
  }
  cut(block.length)
  return { pieces, past: false }
}
