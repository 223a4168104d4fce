/** From the bytes of a layer to a directory tree. For an intake thread: it blocks. */
import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { TreeRoot, Unpacker } from '@gantry/archive'
import { decompress, readTar } from '@gantry/oci'
import type { UnpackResult } from '../intake/messages.ts'

/**
 * Unpacks a layer, compressed or not as its first bytes say, into an empty directory. Knows nothing of the layers below:
 * whiteouts become the overlay's own, and directories without an entry are told, to be completed by `inherit`.
 */
export async function unpackLayer(source: Readable, target: string): Promise<UnpackResult> {
  const { stream, compression } = await decompress(source)
  const hash = createHash('sha256')
  const root = TreeRoot.open(target)
  try {
    const unpacker = new Unpacker(root)
    for await (const entry of readTar(hashed(stream, hash))) await unpacker.add(entry)
    unpacker.finish()
    const { size } = unpacker
    return { diffId: `sha256:${hash.digest('hex')}`, compression, size, implied: root.implied() }
  } finally {
    stream.destroy()
    root.close()
  }
}

async function* hashed(stream: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk)
    yield chunk
  }
}
