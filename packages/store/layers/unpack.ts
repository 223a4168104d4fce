import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { FromWorker, ToWorker, UnpackJob } from './unpack-messages.ts'

/**
 * Unpacks a layer in a worker thread, feeding it as fast as it asks. Resolves to the bytes of file content. When the
 * source or the worker fails, the worker has ended before this rejects: nothing writes to `target` any more.
 */
export async function unpackInWorker(layer: Readable, job: UnpackJob): Promise<number> {
  const worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
    workerData: job,
    // Its descriptors come from system calls of our own, which Node does not count.
    trackUnmanagedFds: false,
    stdin: false,
  })
  const chunks = layer[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let sourceError: unknown
  const next = async (): Promise<ToWorker> => {
    try {
      const { done, value } = await chunks.next()
      return done ? { kind: 'end' } : { kind: 'chunk', bytes: new Uint8Array(value) }
    } catch (error) {
      sourceError = error
      return { kind: 'abort' }
    }
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let outcome = (): void => reject(new GantryError('System', 'the unpacking thread ended without a result'))
  worker.on('message', async (message: FromWorker) => {
    if (message.kind === 'more') post(worker, await next())
    else if (message.kind === 'done') outcome = () => resolve(message.size)
    else outcome = () => reject(sourceError ?? new GantryError(message.error.kind, message.error.message))
  })
  worker.on('error', (error) => {
    outcome = () => reject(error)
  })
  worker.on('exit', () => outcome())
  try {
    return await promise
  } finally {
    layer.destroy()
  }
}

/** The bytes are a copy, so they can be handed over instead of copied again. */
function post(worker: Worker, message: ToWorker): void {
  worker.postMessage(message, message.kind === 'chunk' ? [message.bytes.buffer] : [])
}
