/** Worker thread that unpacks one layer: decompresses, hashes, and writes the tree. */
import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { getSystemErrorMessage } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { TreeRoot, Unpacker } from '@gantry/archive'
import { type ErrorKind, GantryError, messageOf } from '@gantry/errors'
import { decompress, readTar } from '@gantry/oci'
import { SystemCallError } from '@gantry/syscall'
import type { FromWorker, ToWorker, UnpackJob } from './unpack-messages.ts'

const port = parentPort as NonNullable<typeof parentPort>
const send = (message: FromWorker) => port.postMessage(message)

/** The layer as the parent sends it: one chunk for each time it is asked. */
function received(): Readable {
  const input = new Readable({ read: () => send({ kind: 'more' }), highWaterMark: 1024 * 1024 })
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'chunk') input.push(Buffer.from(message.bytes.buffer))
    else if (message.kind === 'end') input.push(null)
    else input.destroy(new GantryError('Cancelled', 'unpacking was given up'))
  })
  return input
}

async function unpack({ target, lower, diffId }: UnpackJob): Promise<number> {
  const { stream } = await decompress(received())
  const hash = createHash('sha256')
  const root = TreeRoot.open(target, lower)
  try {
    const unpacker = new Unpacker(root)
    for await (const entry of readTar(hashed(stream, hash))) await unpacker.add(entry)
    const actual = `sha256:${hash.digest('hex')}`
    if (actual !== diffId) {
      throw new GantryError('InvalidParameter', `layer is ${actual} where ${diffId} was announced`)
    }
    unpacker.finish()
    return unpacker.size
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

/** What the machine says when it cannot do it; any other failing call was asked for by the archive. */
const machineFaults = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM']

function describe(error: unknown): { kind: ErrorKind; message: string } {
  if (error instanceof GantryError) return { kind: error.kind, message: error.message }
  const code = String((error as NodeJS.ErrnoException).code)
  if (error instanceof SystemCallError) {
    const message = `${error.message} (${getSystemErrorMessage(-error.errno)})`
    return { kind: machineFaults.includes(code) ? 'System' : 'InvalidParameter', message }
  }
  const isBrokenCompression = /^(Z_|ZSTD_)/.test(code)
  return { kind: isBrokenCompression ? 'InvalidParameter' : 'System', message: messageOf(error) }
}

try {
  send({ kind: 'done', size: await unpack(workerData as UnpackJob) })
} catch (error) {
  send({ kind: 'failed', error: describe(error) })
} finally {
  port.close()
}
