/** Container logs as clients read them. */
import { endsLine, instantAt, isStderr, type LogBlock, textOffset, timestampOf } from '@gantry/runtime'

export interface LogLayout {
  stdout: boolean
  stderr: boolean
  /** The bytes as they are instead of frames. */
  terminal: boolean
  timestamps: boolean
  /** What stands before each line, behind the timestamp. */
  details: string
}

const newline = 0x0a
const headerBytes = 8
/** `2024-01-01T00:00:00.000000000Z `. */
const timestampBytes = 31
/** Docker's longest frame of a log: a longer line goes out in pieces. */
const longestFrame = 16 * 1024
/** Up to this length bytes are copied one by one, which is faster than a call. */
const shortText = 96

/**
 * Turns records into the stream of `GET /containers/{id}/logs`: a frame for each line, as Docker sends it (clients take a
 * frame for a line), its timestamp and details at the start of the line only. One pass over the bytes and no object for a
 * line, since this is where the time of reading a long log goes.
 */
export class LogFrames {
  readonly #layout: LogLayout
  readonly #details: Buffer
  /** What may stand before the text of a line. */
  readonly #longestLead: number
  #out = Buffer.alloc(0)
  #length = 0
  /** Where the header of the frame that may grow is; -1 when there is none. */
  #open = -1
  #openStderr = false
  /** Bytes of the frame that may grow, from an earlier block. */
  #kept: Buffer = Buffer.alloc(0)
  /** Whether the next record of stdout and stderr goes on with a line. */
  readonly #inLine = [false, false]

  constructor(layout: LogLayout) {
    this.#layout = layout
    this.#details = Buffer.from(layout.details)
    this.#longestLead = headerBytes + timestampBytes + this.#details.length
  }

  /** What is to be sent now; may be empty. The last piece of an unfinished line is kept back unless the reader waits. */
  format({ bytes, caughtUp }: LogBlock): Buffer {
    this.#begin(bytes.length)
    for (let start = 0; start < bytes.length; ) {
      const text = textOffset(bytes, start)
      if (text < 0) {
        start = behindNewline(bytes, start)
        continue
      }
      const stderr = isStderr(bytes, text)
      const wanted = stderr ? this.#layout.stderr : this.#layout.stdout
      start = wanted ? this.#add(bytes, start, text, stderr) : behindNewline(bytes, text)
    }
    return this.#take(caughtUp)
  }

  /** What was kept back. */
  end(): Buffer {
    return this.format({ bytes: Buffer.alloc(0), caughtUp: true })
  }

  /** Nothing is kept back, and the next record begins a line. */
  get isBetweenLines(): boolean {
    return this.#kept.length === 0 && !this.#inLine.includes(true)
  }

  #begin(blockLength: number): void {
    this.#out = Buffer.allocUnsafe(this.#kept.length + blockLength + this.#longestLead)
    this.#length = this.#kept.copy(this.#out)
    this.#open = this.#kept.length > 0 ? 0 : -1
    this.#kept = Buffer.alloc(0)
  }

  #take(all: boolean): Buffer {
    const keepsBack = this.#open >= 0 && !all && !this.#layout.terminal
    const end = keepsBack ? this.#open : this.#length
    if (keepsBack) this.#kept = Buffer.from(this.#out.subarray(end, this.#length))
    this.#open = -1
    return this.#out.subarray(0, end)
  }

  /** Adds the record's text; returns where the record ends. */
  #add(bytes: Buffer, start: number, text: number, stderr: boolean): number {
    const needed = this.#longestLead + bytes.length - text
    if (this.#out.length - this.#length < needed) this.#grow(needed)
    const full = endsLine(bytes, text)
    const goesOn = this.#inLine[stderr ? 1 : 0]
    this.#inLine[stderr ? 1 : 0] = !full
    if (!goesOn || this.#open < 0 || this.#openStderr !== stderr) {
      this.#openFrame(stderr)
      if (!goesOn) this.#lead(bytes, start)
    }
    const end = this.#copy(bytes, text, full)
    this.#closeFrame(full)
    return end
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#length + needed, this.#out.length * 1.5) | 0)
    this.#out.copy(grown, 0, 0, this.#length)
    this.#out = grown
  }

  #openFrame(stderr: boolean): void {
    if (this.#layout.terminal) return
    this.#open = this.#length
    this.#openStderr = stderr
    this.#out[this.#length] = stderr ? 2 : 1
    this.#out[this.#length + 1] = 0
    this.#out[this.#length + 2] = 0
    this.#out[this.#length + 3] = 0
    this.#length += headerBytes
  }

  #lead(bytes: Buffer, start: number): void {
    if (this.#layout.timestamps) this.#length += writeTimestamp(bytes, start, this.#out, this.#length)
    this.#length += this.#details.copy(this.#out, this.#length)
  }

  /** Copies up to the newline: with it when it is the line's own. Returns the offset behind it. */
  #copy(bytes: Buffer, text: number, full: boolean): number {
    const out = this.#out
    let to = this.#length
    let from = text
    for (const last = Math.min(text + shortText, bytes.length); from < last; from++) {
      const byte = bytes[from] as number
      if (byte === newline) break
      out[to++] = byte
    }
    if (bytes[from] !== newline) {
      const end = behindNewline(bytes, from) - 1
      to += bytes.copy(out, to, from, end)
      from = end
    }
    if (full) out[to++] = newline
    this.#length = to
    return from + 1
  }

  #closeFrame(full: boolean): void {
    if (this.#layout.terminal) return
    const length = this.#length - this.#open - headerBytes
    const at = this.#open + 4
    this.#out[at] = length >>> 24
    this.#out[at + 1] = length >>> 16
    this.#out[at + 2] = length >>> 8
    this.#out[at + 3] = length
    if (full || length >= longestFrame) this.#open = -1
  }
}

function behindNewline(bytes: Buffer, from: number): number {
  const end = bytes.indexOf(newline, from)
  return end < 0 ? bytes.length : end + 1
}

/** RFC 3339 in UTC, always with nine digits of fraction, and a blank. Returns how many bytes that is. */
function writeTimestamp(bytes: Buffer, start: number, out: Buffer, at: number): number {
  // As it stands in the record of a host whose clock shows UTC: `2024-01-01T00:00:00.000000000+00:00`.
  const isUtc =
    bytes[start + 29] === 0x2b &&
    bytes[start + 30] === 0x30 &&
    bytes[start + 31] === 0x30 &&
    bytes[start + 33] === 0x30 &&
    bytes[start + 34] === 0x30
  if (!isUtc) return out.write(`${timestampOf(instantAt(bytes, start))} `, at, 'latin1')
  bytes.copy(out, at, start, start + 29)
  out[at + 29] = 0x5a
  out[at + 30] = 0x20
  return timestampBytes
}
