/**
 * The log format that conmon writes (Kubernetes CRI): `<time> <stream> <F|P> <text>\n`. A record marked `P` holds a
 * piece of a line that goes on in a later record of its stream; only `F` ends the line.
 */

const space = 0x20
const newline = 0x0a
const tagFull = 0x46
const tagPartial = 0x50
const letterT = 0x54
const letterO = 0x6f
const letterE = 0x65

/** `2024-01-01T00:00:00.000000000+00:00`, as conmon writes it. */
const usualTime = 35
/** `2024-01-01T00:00:00Z`. */
const shortestTime = 20
/** `" stdout F "`: from behind the time to the text. */
const afterTime = 10

export type Stream = 'stdout' | 'stderr'

/** The offset of the text of the record that starts at `start`; -1 when none starts there, e.g. after a full disk. */
export function textOffset(bytes: Buffer, start: number): number {
  let end = start + usualTime
  if (bytes[end] !== space || bytes[start + 10] !== letterT) {
    end = bytes.indexOf(space, start)
    if (end < start + shortestTime || end > start + usualTime) return -1
  }
  if (bytes[end + 7] !== space || bytes[end + 9] !== space) return -1
  const letter = bytes[end + 4]
  if (letter !== letterO && letter !== letterE) return -1
  const tag = bytes[end + 8]
  return tag === tagFull || tag === tagPartial ? end + afterTime : -1
}

/** Whether the record whose text starts at `text` is of stderr. */
export function isStderr(bytes: Buffer, text: number): boolean {
  return bytes[text - 6] === letterE
}

/** The stream that the record whose text starts at `text` is of. */
export function streamOf(bytes: Buffer, text: number): Stream {
  return isStderr(bytes, text) ? 'stderr' : 'stdout'
}

/** Whether the record whose text starts at `text` ends its line. */
export function endsLine(bytes: Buffer, text: number): boolean {
  return bytes[text - 2] === tagFull
}

/** Walks through the records of a block, passing over what is none. Its fields are those of the record it stands at. */
export class RecordScanner {
  readonly bytes: Buffer
  start = 0
  /** Where the text begins, and where the record ends: behind its newline. */
  text = 0
  end = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  next(): boolean {
    for (;;) {
      this.start = this.end
      const end = this.bytes.indexOf(newline, this.start)
      if (end < 0) return false
      this.end = end + 1
      this.text = textOffset(this.bytes, this.start)
      if (this.text >= 0 && this.text <= end) return true
    }
  }

  get stream(): Stream {
    return streamOf(this.bytes, this.text)
  }

  /** Whether the record ends its line. */
  get full(): boolean {
    return endsLine(this.bytes, this.text)
  }

  /** The text with the newline that was the program's own; the one behind a piece of a line is conmon's. */
  get data(): Buffer {
    return this.bytes.subarray(this.text, this.full ? this.end : this.end - 1)
  }

  get time(): Instant {
    return instantAt(this.bytes, this.start)
  }
}

/** A moment, exact to the nanosecond. */
export interface Instant {
  /** Unix time. */
  seconds: number
  nanoseconds: number
}

/** Whether `a` is earlier than `b`, to the nanosecond. */
export function isBefore(a: Instant, b: Instant): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds)
}

/** RFC 3339 in UTC with nine digits: `2024-01-01T00:00:00.000000000Z`. */
export function timestampOf({ seconds, nanoseconds }: Instant): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  return `${whole}.${String(nanoseconds).padStart(9, '0')}Z`
}

/** The time of the record that starts there. Expects one that `textOffset` has accepted. */
export function instantAt(bytes: Buffer, start: number): Instant {
  let at = start + 19
  let nanoseconds = 0
  if (bytes[at] === 0x2e) {
    let unit = 1e8
    for (let digit = digitAt(bytes, ++at); digit >= 0; digit = digitAt(bytes, ++at)) {
      nanoseconds += digit * unit
      unit = Math.floor(unit / 10)
    }
  }
  const wall = Date.UTC(
    number(bytes, start, 4),
    number(bytes, start + 5, 2) - 1,
    number(bytes, start + 8, 2),
    number(bytes, start + 11, 2),
    number(bytes, start + 14, 2),
    number(bytes, start + 17, 2),
  )
  return { seconds: wall / 1000 - zoneSeconds(bytes, at), nanoseconds }
}

/** East of Greenwich; `Z`, `+01:00` or `+0100` stands at `at`. */
function zoneSeconds(bytes: Buffer, at: number): number {
  const sign = bytes[at] === 0x2b ? 1 : bytes[at] === 0x2d ? -1 : 0
  if (sign === 0) return 0
  const minutes = at + (bytes[at + 3] === 0x3a ? 4 : 3)
  return sign * (number(bytes, at + 1, 2) * 3600 + number(bytes, minutes, 2) * 60)
}

function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - 0x30
  return digit >= 0 && digit <= 9 ? digit : -1
}

function number(bytes: Buffer, at: number, digits: number): number {
  let value = 0
  for (let n = 0; n < digits; n++) value = value * 10 + (bytes[at + n] ?? 0) - 0x30
  return value
}
