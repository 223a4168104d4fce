import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Feed } from './feed.ts'
import { Inbox, released } from './inbox.ts'
import type { ToWorker } from './messages.ts'

/** The two sides, connected as the threads are: what is transferred is gone from where it came. */
function connected(): { feed: Feed; inbox: Inbox; steps: number[] } {
  const steps: number[] = []
  const feed = new Feed((message, transfer) => {
    const received = structuredClone<ToWorker>(message, { transfer })
    if (received.kind === 'pieces') {
      steps.push(received.pieces.reduce((sum, { length }) => sum + length, 0))
      inbox.take(received.pieces)
    } else if (received.kind === 'end') inbox.end()
    else if (received.kind === 'abort') inbox.abort()
  })
  const inbox = new Inbox(() => setImmediate(() => feed.want()))
  return { feed, inbox, steps }
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

test('whatever the pieces of an upload are, they arrive whole and in order', async () => {
  const content = randomBytes(6 << 20)
  const pieces: Buffer[] = []
  for (let at = 0; at < content.length; ) {
    const end = Math.min(content.length, at + randomInt(1, 200_000))
    // In turn a part of a larger memory, a memory of its own, and one of the pool.
    const piece = content.subarray(at, end)
    pieces.push([piece, Buffer.from(new Uint8Array(piece).buffer), Buffer.from(piece)][at % 3] as Buffer)
    at = end
  }
  const { feed, inbox, steps } = connected()
  const [, arrived] = await Promise.all([feed.run(Readable.from(pieces), () => {}), collect(released(inbox))])
  assert.ok(arrived.equals(content))
  assert.ok(Math.max(...steps) <= (1 << 20) + 200_000, `a step of ${Math.max(...steps)} bytes`)
})

test('it is known who is waited for: the source, or the thread', async () => {
  const { feed, inbox } = connected()
  const last = Promise.withResolvers<void>()
  const source = Readable.from(
    (async function* () {
      for (let piece = 0; piece < 4; piece++) yield Buffer.alloc(2 << 20)
      await last.promise
    })(),
    { highWaterMark: 1 },
  )
  const said: boolean[] = []
  const turns = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate)
  }
  const running = feed.run(source, (forSource) => said.push(forSource))
  await turns()
  assert.equal(said.at(-1), false, 'two pieces are handed over, the third waits for the thread')
  const reading = collect(inbox)
  await turns()
  assert.equal(said.at(-1), true, 'the thread has everything, the source says no more')
  last.resolve()
  await Promise.all([running, reading])
  assert.equal(said.at(-1), false)
})

test('a source that fails is not an end', async () => {
  const { feed, inbox } = connected()
  const source = Readable.from(
    (async function* () {
      yield Buffer.from('beginning')
      throw new Error('connection lost')
    })(),
  )
  const reading = collect(inbox)
  await assert.rejects(
    feed.run(source, () => {}),
    /connection lost/,
  )
  await assert.rejects(reading, { kind: 'Cancelled', message: 'the archive ended early' })
})

test('a reader that has gone holds nobody up', async () => {
  const { feed } = connected()
  const running = feed.run(Readable.from([Buffer.alloc(8 << 20), Buffer.alloc(1)]), () => {})
  setImmediate(() => feed.close())
  await running
})
