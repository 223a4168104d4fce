/**
 * The log format that conmon writes (Kubernetes CRI): `<time> <stream> <F|P> <text>\n`. A record marked `P` holds a
 * piece of a line that goes on in a later record; only `F` ends the line.
 */
import type { LogEntry } from '../contracts.ts'

const space = 0x20
const tagFull = 0x46
const tagPartial = 0x50
/** `2024-01-01T00:00:00Z`; conmon writes nine more digits and a numeric zone. */
const shortestTime = 20

/** Letters of `stdout` and `stderr` that tell them apart, by their distance from the blank before. */
const letterO = 0x6f
const letterE = 0x65

/** One record, which decodes its time only when asked: most readers of a million lines do not ask. */
class CriEntry implements LogEntry {
  readonly stream: 'stdout' | 'stderr'
  readonly data: Buffer
  readonly #record: Buffer

  constructor(stream: 'stdout' | 'stderr', record: Buffer, data: Buffer) {
    this.stream = stream
    this.#record = record
    this.data = data
  }

  get time(): Date {
    return new Date(this.#time)
  }

  get timestamp(): string {
    return utcTimestamp(this.#time)
  }

  get #time(): string {
    return this.#record.toString('latin1', 0, this.#record.indexOf(space))
  }
}

/** Decodes a record with its newline. Null when it is none, e.g. cut off by a full disk. The bytes are not copied. */
export function parseRecord(record: Buffer): LogEntry | null {
  const afterTime = record.indexOf(space)
  const tag = afterTime + ' stdout '.length
  const kind = record[tag]
  if (afterTime < shortestTime || record[tag - 1] !== space || record[tag + 1] !== space) return null
  if (kind !== tagFull && kind !== tagPartial) return null
  const letter = record[afterTime + 4]
  if (letter !== letterO && letter !== letterE) return null
  // The newline is the line's own, or conmon's mark behind a piece.
  const data = record.subarray(tag + 2, kind === tagFull ? record.length : record.length - 1)
  return new CriEntry(letter === letterE ? 'stderr' : 'stdout', record, data)
}

/** Whether a record ends a line. */
export function endsLine(record: Buffer): boolean {
  return record[record.indexOf(space) + ' stdout '.length] === tagFull
}

/** Docker's form: UTC with nine digits, `2024-01-01T00:00:00.000000000Z`. */
export function utcTimestamp(time: string): string {
  const [, fraction = '', offset = ''] = /^[^.]*(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)$/.exec(time) ?? []
  const seconds =
    offset === 'Z' || offset === '+00:00' ? time.slice(0, 19) : new Date(time).toISOString().slice(0, 19)
  return `${seconds}.${fraction.padEnd(9, '0').slice(0, 9)}Z`
}
