/**
 * Output of a container without a terminal, as the engine multiplexes it: frames of a stream number (1 stdout, 2 stderr,
 * 3 an error of the engine, 4 a note of our own engine), three zero bytes, the length in 4 bytes (big endian), the data.
 */
import { GantryError } from '@gantry/errors'

export interface Frame {
  /** `note`: what our own engine tells a client that has asked for it, a whole one. */
  stream: 'stdout' | 'stderr' | 'note'
  /** What came of the stream without another one's between: parts of frames, or many of them. */
  data: Buffer
}

const names = { 0: 'stdout', 1: 'stdout', 2: 'stderr', 3: 'error', 4: 'note' } as const
/** Up to this length bytes are copied one by one, which is faster than a call. */
const shortPart = 64

/** Takes received bytes apart. Throws System for bytes that are no frames or when the engine reports an error. */
export class FrameDecoder {
  #header = Buffer.alloc(8)
  #headerLength = 0
  #stream: 'stdout' | 'stderr' | 'error' | 'note' = 'stdout'
  #left = 0
  /** What has come of an error or a note. */
  #text = ''

  /**
   * Takes the bytes over. A log of a million lines comes in a million frames: those of one stream that follow one another
   * become one.
   */
  decode(bytes: Buffer): Frame[] {
    const runs = new Runs(bytes)
    for (let at = 0; at < bytes.length; ) {
      if (this.#left === 0) {
        at = this.#readHeader(bytes, at)
        continue
      }
      const end = Math.min(at + this.#left, bytes.length)
      this.#left -= end - at
      if (this.#stream === 'error') this.#fail(bytes.subarray(at, end))
      else if (this.#stream === 'note') this.#takeNote(bytes.subarray(at, end), runs)
      else runs.add(this.#stream, at, end)
      at = end
    }
    return runs.end()
  }

  #readHeader(bytes: Buffer, from: number): number {
    if (this.#headerLength === 0 && from + 8 <= bytes.length) {
      this.#begin(bytes[from] as number, bytes.readUInt32BE(from + 4))
      return from + 8
    }
    const part = bytes.subarray(from, from + 8 - this.#headerLength)
    part.copy(this.#header, this.#headerLength)
    this.#headerLength += part.length
    if (this.#headerLength === 8) {
      this.#headerLength = 0
      this.#begin(this.#header[0] as number, this.#header.readUInt32BE(4))
    }
    return from + part.length
  }

  #begin(number: number, length: number): void {
    if (number > 4) throw new GantryError('System', `unrecognized stream: ${number}`)
    this.#stream = names[number as 0 | 1 | 2 | 3 | 4]
    this.#left = length
  }

  #fail(data: Buffer): void {
    this.#text += data.toString('utf8')
    if (this.#left === 0) throw new GantryError('System', `error from daemon in stream: ${this.#text}`)
  }

  #takeNote(data: Buffer, runs: Runs): void {
    this.#text += data.toString('latin1')
    if (this.#left > 0) return
    runs.note(this.#text)
    this.#text = ''
  }
}

/** Joins pieces of the same stream, in place: what is taken out between them leaves the room. */
class Runs {
  readonly #bytes: Buffer
  readonly #frames: Frame[] = []
  #stream: 'stdout' | 'stderr' = 'stdout'
  #start = 0
  #end = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  add(stream: 'stdout' | 'stderr', from: number, to: number): void {
    if (stream !== this.#stream || this.#start === this.#end) {
      this.#cut()
      this.#stream = stream
      this.#start = from
      this.#end = to
    } else if (to - from > shortPart) {
      this.#bytes.copyWithin(this.#end, from, to)
      this.#end += to - from
    } else {
      const bytes = this.#bytes
      let end = this.#end
      for (let at = from; at < to; at++) bytes[end++] = bytes[at] as number
      this.#end = end
    }
  }

  note(text: string): void {
    this.#cut()
    this.#frames.push({ stream: 'note', data: Buffer.from(text, 'latin1') })
  }

  end(): Frame[] {
    this.#cut()
    return this.#frames
  }

  #cut(): void {
    if (this.#end > this.#start)
      this.#frames.push({ stream: this.#stream, data: this.#bytes.subarray(this.#start, this.#end) })
    this.#start = this.#end
  }
}
