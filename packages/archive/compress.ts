/** A layer's archive, compressed into a file, in a thread. */
import { createHash } from 'node:crypto'
import { closeSync, constants, createReadStream, openSync, writeSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { GantryError } from '@gantry/errors'
import type { Digest } from '@gantry/oci'
import type { PackedBlob } from './messages.ts'

/** Bytes at a time: each piece is a round trip to a thread of Node's pool. */
const chunkSize = 256 * 1024

/**
 * Writes the file `source` with gzip to the new file `path`. The same bytes give the same bytes, with one version of
 * Node.js. Rejects with System when what was read is not what `digest` names. `passed` is told how many bytes it
 * has read, and throws to end the work.
 */
export async function compressFile(
  source: string,
  digest: Digest,
  path: string,
  passed: (bytes: number) => void,
): Promise<PackedBlob> {
  const read = createHash('sha256')
  const written = createHash('sha256')
  let [size, passedBytes] = [0, 0]
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await pipeline(
      createReadStream(source, { highWaterMark: chunkSize }),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          passedBytes += chunk.length
          passed(passedBytes)
          read.update(chunk)
          yield chunk
        }
      },
      createGzip({ chunkSize }),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          written.update(chunk)
          for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
          size += chunk.length
        }
      },
    )
  } finally {
    closeSync(file)
  }
  if (`sha256:${read.digest('hex')}` !== digest)
    throw new GantryError('System', `content ${digest} is not what its digest says`)
  return { digest: `sha256:${written.digest('hex')}`, size }
}
