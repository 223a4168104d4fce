/** Where a response's body ends: framing by length, by chunks or by the end of the connection (RFC 9112, 6.3). */
import { malformed, type ResponseHead } from './http-message.ts'

/** Takes what has been received; `data` is the body in it, `rest` what follows a body that is complete. */
export interface BodyDecoder {
  decode(bytes: Buffer): { data: Buffer[]; rest?: Buffer }
  /** Whether the end of the connection is the end of the body. */
  readonly endsWithConnection: boolean
}

/** The decoder for the body of an answer to a request with this method. */
export function bodyDecoder(method: string, head: ResponseHead): BodyDecoder {
  const { status, headers } = head
  if (method === 'HEAD' || status === 204 || status === 304) return sized(0)
  if (/\bchunked\b/i.test(headers['transfer-encoding'] ?? '')) return new ChunkDecoder()
  const length = headers['content-length']
  if (length === undefined) return { decode: (bytes) => ({ data: [bytes] }), endsWithConnection: true }
  if (!/^\d{1,15}$/.test(length)) throw malformed(`Content-Length ${JSON.stringify(length)}`)
  return sized(Number(length))
}

function sized(length: number): BodyDecoder {
  let left = length
  return {
    endsWithConnection: false,
    decode(bytes) {
      const data = bytes.subarray(0, left)
      left -= data.length
      return { data: data.length > 0 ? [data] : [], ...(left === 0 && { rest: bytes.subarray(data.length) }) }
    },
  }
}

/** Longest line between chunks, in bytes. */
const maximalLine = 4096

class ChunkDecoder implements BodyDecoder {
  readonly endsWithConnection = false
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size'
  #left = 0
  #held: Buffer = Buffer.alloc(0)

  decode(bytes: Buffer): { data: Buffer[]; rest?: Buffer } {
    const data: Buffer[] = []
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes
    this.#held = Buffer.alloc(0)
    while (rest.length > 0) {
      if (this.#state === 'data') {
        const part = rest.subarray(0, this.#left)
        data.push(part)
        this.#left -= part.length
        rest = rest.subarray(part.length)
        if (this.#left === 0) this.#state = 'data-end'
        continue
      }
      const end = rest.indexOf('\n')
      if (end < 0) {
        if (rest.length > maximalLine) throw malformed('a chunk has no size')
        this.#held = Buffer.from(rest)
        break
      }
      const line = rest.toString('latin1', 0, end).trimEnd()
      rest = rest.subarray(end + 1)
      if (this.#line(line)) return { data, rest }
    }
    return { data }
  }

  /** Reads a line between data; true at the end of the body. */
  #line(line: string): boolean {
    if (this.#state === 'trailer') return line === ''
    if (this.#state === 'data-end') {
      if (line !== '') throw malformed('a chunk is longer than it says')
      this.#state = 'size'
      return false
    }
    const size = /^[0-9a-f]{1,12}(?=$|[;\s])/i.exec(line)?.[0]
    if (size === undefined) throw malformed(`chunk size ${JSON.stringify(line.slice(0, 20))}`)
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'data'
    return false
  }
}
