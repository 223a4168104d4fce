import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import { MessageStream } from './message-stream.ts'

/** A stream whose other side takes nothing until it is told to. */
function stalled(): { stream: Duplex; taken: () => number; go(): void } {
  let taken = 0
  let resume: (() => void) | null = null
  let open = false
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.length
      if (open) done()
      else resume = done
    },
  })
  const go = (): void => {
    open = true
    resume?.()
  }
  return { stream, taken: () => taken, go }
}

test('small messages, too, wait for a reader that stops', async () => {
  const { stream, go, taken } = stalled()
  const messages = new MessageStream(stream)
  let sent = 0
  const sending = (async () => {
    for (; sent < 1000; sent++) {
      await messages.send(Buffer.alloc(1000))
      // As what is told while something goes on: each in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let turn = 0; turn < 3000; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(sent < 200, `${sent} messages were taken`)
  go()
  await sending
  await messages.flush()
  assert.equal(taken(), 1000 * 1005)
})

test('what cannot be sent any more is told', async () => {
  const { stream } = stalled()
  const messages = new MessageStream(stream)
  const sending = messages.send(Buffer.alloc(1 << 20))
  stream.destroy()
  const closed = (error: unknown) => isKind(error, 'Unavailable')
  await assert.rejects(sending, closed)
  await messages.send(Buffer.alloc(1))
  await assert.rejects(messages.flush(), closed)
})
