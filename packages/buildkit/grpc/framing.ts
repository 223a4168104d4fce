/** gRPC's messages on a byte stream: a flag for compression, the length in four bytes, the message. */
import { GantryError } from '@gantry/errors'

const headerLength = 5

/** The five bytes before a message. */
export function messageHeader(length: number): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt32BE(length, 1)
  return header
}

/**
 * The messages in a stream of chunks, each at most `largest` bytes long. Throws InvalidParameter for a longer one (before it
 * is read), a compressed one, and a stream that ends within one.
 */
export async function* messagesOf(chunks: AsyncIterable<Buffer>, largest: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let size = 0
  /** Bytes that are needed before anything can be taken. */
  let needed = headerLength
  for await (const chunk of chunks) {
    parts.push(chunk)
    size += chunk.length
    if (size < needed) continue
    let data = parts.length === 1 ? chunk : Buffer.concat(parts, size)
    for (needed = neededBy(data, largest); data.length >= needed; needed = neededBy(data, largest)) {
      yield data.subarray(headerLength, needed)
      data = data.subarray(needed)
    }
    parts = data.length > 0 ? [data] : []
    size = data.length
  }
  if (size > 0) throw new GantryError('InvalidParameter', 'the stream ended within a message')
}

/** Length of the first message with its header, or of a header when that is not whole. */
function neededBy(data: Buffer, largest: number): number {
  if (data.length < headerLength) return headerLength
  if (data[0] !== 0) throw new GantryError('InvalidParameter', 'compressed messages are not supported')
  const length = data.readUInt32BE(1)
  if (length > largest)
    throw new GantryError('InvalidParameter', `a message of ${length} bytes is larger than ${largest}`)
  return headerLength + length
}
