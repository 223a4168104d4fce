/** Compressed streams, told by their first bytes. */
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'

export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz'

const magic: readonly { name: Compression; bytes: number[] }[] = [
  { name: 'gzip', bytes: [0x1f, 0x8b, 0x08] },
  { name: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { name: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
]
const longestMagic = 6

/** Bytes of output at a time: large, as each piece is a round trip to another thread. */
const chunkSize = 256 * 1024

/** Bytes that are read once. */
export interface ByteStream extends AsyncIterable<Buffer> {
  /** No more will be read. */
  destroy(): void
}

/**
 * The uncompressed bytes of a stream, and how they were compressed. Consumes `source`; destroying the result destroys
 * it. Broken data fails the stream.
 */
export async function decompress(
  source: AsyncIterable<Buffer> & { destroy?(): void },
): Promise<{ compression: Compression; stream: ByteStream }> {
  const chunks = source[Symbol.asyncIterator]()
  const destroy = () => source.destroy?.()
  const head = await readHead(chunks)
  const found = nameIn(head) ?? 'none'
  const whole = concat(head, chunks)
  if (found === 'none') return { compression: found, stream: streamOf(whole, destroy) }
  if (found === 'bzip2' || found === 'xz')
    return { compression: found, stream: await decode(found, whole, destroy) }
  const output = found === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize })
  // A generator that was never started does not run its `finally`, so its end alone would not do.
  output.on('close', destroy)
  // An error of the source or of the decompressor arrives at whoever reads the output, who may not have begun.
  output.on('error', () => {})
  pipeline(Readable.from(whole, { objectMode: false }), output, () => {})
  return { compression: found, stream: output }
}

/**
 * The chunks of a stream that `decompress` has decompressed, each valid until the next is asked for: then its memory is
 * given back. Left to the garbage collector, that would be a quarter of the work of unpacking a large layer.
 */
export async function* releasing(stream: ByteStream): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    yield chunk
    const { buffer, byteOffset, length } = chunk
    // Only what the decompressor has filled to its end and left behind.
    const isFull = buffer.byteLength === chunkSize && byteOffset + length === chunkSize
    if (isFull && buffer instanceof ArrayBuffer) buffer.transfer(0)
  }
}

/**
 * The bytes of a stream, uncompressed where it takes a thread of its own (bzip2, xz), as they are otherwise. For a reader
 * in a place where no thread may be started. Consumes `source`.
 */
export async function decompressRare(source: Readable): Promise<AsyncIterable<Buffer>> {
  const chunks = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
  const head = await readHead(chunks)
  const found = nameIn(head)
  const whole = concat(head, chunks)
  return found === 'bzip2' || found === 'xz' ? await decode(found, whole, () => source.destroy()) : whole
}

async function decode(
  format: 'bzip2' | 'xz',
  source: AsyncIterable<Buffer>,
  destroy: () => void,
): Promise<ByteStream> {
  const { decodeInThread } = await import('./compression/in-thread.ts')
  const chunks = decodeInThread(format, source)
  return streamOf(chunks, () => {
    destroy()
    // The thread ends, also when the reader has stopped between two chunks.
    chunks.return(undefined).catch(() => {})
  })
}

const streamOf = (chunks: AsyncIterableIterator<Buffer>, destroy: () => void): ByteStream => ({
  [Symbol.asyncIterator]: () => chunks,
  destroy,
})

const nameIn = (head: Uint8Array) =>
  magic.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))?.name

/** Whether what begins with these bytes (512, where there are so many) looks like a layer that can be unpacked as it is. */
export function startsLayer(head: Buffer): boolean {
  const compression = nameIn(head)
  if (compression === undefined) return head.toString('latin1', 257, 262) === 'ustar'
  return compression === 'gzip' || compression === 'zstd'
}

async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  while (length < longestMagic) {
    const next = await chunks.next()
    if (next.done) break
    parts.push(next.value)
    length += next.value.length
  }
  return Buffer.concat(parts)
}

async function* concat(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
