/** A thread that decodes one stream. The format is in `workerData`. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '@gantry/errors'
import { decodeBzip2 } from './bzip2.ts'
import type { FromDecoder, ToDecoder } from './messages.ts'
import { decodeXz } from './xz.ts'

const port = parentPort as NonNullable<typeof parentPort>
const say = (message: FromDecoder, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

let arrived = Promise.withResolvers<Uint8Array | null>()
let taken = Promise.withResolvers<void>()
port.on('message', (message: ToDecoder) => {
  if (message.kind === 'input') arrived.resolve(message.bytes)
  else taken.resolve()
})

async function* input(): AsyncGenerator<Uint8Array> {
  for (;;) {
    arrived = Promise.withResolvers()
    say({ kind: 'wants' })
    const bytes = await arrived.promise
    if (bytes === null) return
    yield bytes
  }
}

const decode = workerData === 'xz' ? decodeXz : decodeBzip2
try {
  for await (const bytes of decode(input())) {
    taken = Promise.withResolvers()
    say({ kind: 'output', bytes }, [bytes.buffer])
    await taken.promise
  }
  say({ kind: 'ended' })
} catch (error) {
  say({ kind: 'failed', message: messageOf(error) })
}
