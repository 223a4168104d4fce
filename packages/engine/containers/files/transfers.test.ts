import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { Transfers } from './transfers.ts'

/** An archive without an end that is made as it is read. */
const endless = () =>
  new Readable({
    highWaterMark: 1,
    read() {
      this.push(Buffer.alloc(1000))
    },
  })

const closed = (stream: Readable) => new Promise<void>((resolve) => stream.once('close', resolve))

test('there are only so many at a time; who waits comes in when one has been read, or was given up', async () => {
  const transfers = new Transfers({ limit: 2 })
  const first = (await transfers.begin()).carry(
    Readable.from([Buffer.from('whole '), Buffer.from('archive')]),
  )
  const second = await transfers.begin()
  const order: string[] = []
  const third = transfers.begin().then((transfer) => {
    order.push('third')
    return transfer
  })
  const fourth = transfers.begin().then((transfer) => {
    order.push('fourth')
    return transfer
  })
  await new Promise(setImmediate)
  assert.deepEqual(order, [])
  assert.equal((await buffer(first)).toString(), 'whole archive')
  ;(await third)[Symbol.dispose]()
  second[Symbol.dispose]()
  await fourth
  assert.deepEqual(order, ['third', 'fourth'])
})

test('a reader that stands still is ended when another waits, and only then', {
  timeout: 60_000,
}, async () => {
  const transfers = new Transfers({ limit: 1, patience: 50 })
  const archive = endless()
  const body = (await transfers.begin()).carry(archive)
  const reading = body[Symbol.asyncIterator]()
  await reading.next()
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(archive.destroyed, false)
  const gone = closed(archive)
  const next = await transfers.begin()
  await gone
  await assert.rejects(async () => {
    for (;;) await reading.next()
  }, /did not go on while others waited/)
  next[Symbol.dispose]()
})

test('a reader that is given up gives its archive up, and its place', { timeout: 60_000 }, async () => {
  const transfers = new Transfers({ limit: 1 })
  const archive = endless()
  const body = (await transfers.begin()).carry(archive)
  for await (const _ of body) break
  assert.equal(archive.destroyed, true)
  await transfers.begin()
})

test('a writer that stands still is told to go; one that has left the queue is not let in', {
  timeout: 60_000,
}, async () => {
  const transfers = new Transfers({ limit: 1, patience: 50 })
  const writer = await transfers.begin()
  const leaving = new AbortController()
  const left = transfers.begin(leaving.signal)
  leaving.abort()
  await assert.rejects(left, { kind: 'Cancelled' })
  await assert.rejects(transfers.begin(leaving.signal), { kind: 'Cancelled' })
  const next = transfers.begin()
  writer.waits(true)
  await new Promise((resolve) => writer.signal.addEventListener('abort', resolve))
  writer[Symbol.dispose]()
  ;(await next)[Symbol.dispose]()
  ;(await transfers.begin())[Symbol.dispose]()
})
