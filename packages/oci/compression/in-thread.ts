/** Formats that Node cannot decode, each stream in a thread of its own, which is also where its memory ends. */
import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { GantryError } from '@gantry/errors'
import type { FromDecoder, ToDecoder } from './messages.ts'

/** The uncompressed bytes. Fails with InvalidParameter for broken data. The thread ends with the reading. */
export async function* decodeInThread(
  format: 'bzip2' | 'xz',
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: format,
    trackUnmanagedFds: false,
    stdin: false,
  })
  const say = (message: ToDecoder) => worker.postMessage(message)
  const input = source[Symbol.asyncIterator]()
  try {
    for await (const [message] of on(worker, 'message', { close: ['exit'] })) {
      const said = message as FromDecoder
      if (said.kind === 'ended') return
      if (said.kind === 'failed') throw new GantryError('InvalidParameter', said.message)
      if (said.kind === 'output') {
        yield Buffer.from(said.bytes.buffer, 0, said.bytes.length)
        say({ kind: 'taken' })
      } else {
        const next = await input.next()
        say({ kind: 'input', bytes: next.done ? null : next.value })
      }
    }
    throw new GantryError('System', 'the decoding thread ended without a result')
  } finally {
    await Promise.all([worker.terminate(), input.return?.()])
  }
}
