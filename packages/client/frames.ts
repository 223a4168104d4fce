/**
 * Output of a container without a terminal, as the engine multiplexes it: frames of a stream number (1 stdout, 2 stderr,
 * 3 an error of the engine), three zero bytes, the length in 4 bytes (big endian), the data.
 */
import { GantryError } from '@gantry/errors'

export interface Frame {
  stream: 'stdout' | 'stderr'
  /** A part of a frame: frames are passed on as they come, not collected. */
  data: Buffer
}

const names = { 0: 'stdout', 1: 'stdout', 2: 'stderr' } as const

/** Takes received bytes apart. Throws System for bytes that are no frames or when the engine reports an error. */
export class FrameDecoder {
  #header = Buffer.alloc(8)
  #headerLength = 0
  #stream: 'stdout' | 'stderr' | 'error' = 'stdout'
  #left = 0
  #error = ''

  decode(bytes: Buffer): Frame[] {
    const frames: Frame[] = []
    for (let rest = bytes; rest.length > 0; ) {
      const part = rest.subarray(0, this.#left === 0 ? 8 - this.#headerLength : this.#left)
      rest = rest.subarray(part.length)
      if (this.#left === 0) {
        part.copy(this.#header, this.#headerLength)
        this.#headerLength += part.length
        if (this.#headerLength === 8) this.#begin()
        continue
      }
      this.#left -= part.length
      if (this.#stream === 'error') this.#fail(part)
      else frames.push({ stream: this.#stream, data: part })
    }
    return frames
  }

  #begin(): void {
    this.#headerLength = 0
    const number = this.#header[0] ?? 0
    if (number > 3) throw new GantryError('System', `unrecognized stream: ${number}`)
    this.#stream = number === 3 ? 'error' : names[number as 0 | 1 | 2]
    this.#left = this.#header.readUInt32BE(4)
  }

  #fail(data: Buffer): void {
    this.#error += data.toString('utf8')
    if (this.#left === 0) throw new GantryError('System', `error from daemon in stream: ${this.#error}`)
  }
}

/** The frames of a stream. */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const decoder = new FrameDecoder()
  for await (const bytes of source) yield* decoder.decode(bytes)
}
