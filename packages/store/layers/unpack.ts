/** From the bytes of a layer to a directory tree. For an intake thread: it blocks. */
import { createHash, type Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { released, TreeRoot, Unpacker } from '@gantry/archive'
import { type ByteStream, type Digest, decompress, readTar, releasing } from '@gantry/oci'
import type { UnpackResult } from '../intake/messages.ts'

/** `diffId` is null where the layer came uncompressed: then it is the digest of what came. */
type Unpacked = Omit<UnpackResult, 'diffId'> & { diffId: Digest | null }

/**
 * Unpacks a layer, compressed or not as its first bytes say, into an empty directory. Knows nothing of the layers below:
 * whiteouts become the overlay's own, and directories without an entry are told, to be completed by `inherit`.
 */
export async function unpackLayer(source: Readable, target: string): Promise<Unpacked> {
  const { stream, compression } = await decompress(source)
  // Uncompressed, the layer is the blob, which is hashed on its way here.
  const hash = compression === 'none' ? null : createHash('sha256')
  const root = TreeRoot.open(target)
  try {
    const unpacker = new Unpacker(root)
    for await (const entry of readTar(hash ? hashed(stream, hash) : released(stream)))
      await unpacker.add(entry)
    unpacker.finish()
    const { size } = unpacker
    const diffId: Digest | null = hash && `sha256:${hash.digest('hex')}`
    return { diffId, compression, size, implied: root.implied() }
  } finally {
    stream.destroy()
    root.close()
  }
}

async function* hashed(stream: ByteStream, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of releasing(stream)) {
    hash.update(chunk)
    yield chunk
  }
}
