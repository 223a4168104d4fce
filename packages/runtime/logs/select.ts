import { type Instant, instantAt, isBefore, RecordScanner, type Stream } from './cri.ts'

/** What a line is for who reads from a time to a time. */
type Verdict = 'early' | 'wanted' | 'late'

/**
 * Selects the records that are neither before `since` nor after `until`. A line is taken or left as a whole, by the time of
 * its first piece, as Docker does it: pieces may come much later than that.
 */
export class TimeSelection {
  readonly #since: Instant | undefined
  readonly #until: Instant | undefined
  /** Of the lines that are under way. */
  readonly #verdicts: Record<Stream, Verdict | null> = { stdout: null, stderr: null }
  #late = false

  constructor({ since, until }: { since?: Instant; until?: Instant }) {
    this.#since = since
    this.#until = until
  }

  /** The records of the next block as pieces of it, and whether nothing more will be wanted. */
  select(block: Buffer): { pieces: Buffer[]; past: boolean } {
    const pieces: Buffer[] = []
    const records = new RecordScanner(block)
    let from = -1
    const cut = (end: number) => {
      if (from >= 0) pieces.push(block.subarray(from, end))
      from = -1
    }
    while (!this.#isPast && records.next()) {
      if (this.#judge(records) !== 'wanted') cut(records.start)
      else if (from < 0) from = records.start
    }
    cut(this.#isPast ? records.end : block.length)
    return { pieces, past: this.#isPast }
  }

  #judge(records: RecordScanner): Verdict {
    const { stream, full } = records
    const verdict = this.#verdicts[stream] ?? this.#ofTime(instantAt(records.bytes, records.start))
    this.#verdicts[stream] = full ? null : verdict
    if (verdict === 'late') this.#late = true
    return verdict
  }

  #ofTime(time: Instant): Verdict {
    if (this.#until && isBefore(this.#until, time)) return 'late'
    return this.#since && isBefore(time, this.#since) ? 'early' : 'wanted'
  }

  /** The first late line is the end of the log, as Docker sees it; but one that is under way is told to its end. */
  get #isPast(): boolean {
    const { stdout, stderr } = this.#verdicts
    return this.#late && stdout !== 'wanted' && stderr !== 'wanted'
  }
}
