import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReturningClient } from './returning-client.ts'
import { FakeClock } from './testing-time.ts'

const settled = async (promise: Promise<void>) =>
  await Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(() => resolve(false)))])

async function* blocks(count: number) {
  for (let block = 0; block < count; block++) yield block
}

test('a client that does not come is waited for so long and no longer', async () => {
  const clock = new FakeClock()
  const client = new ReturningClient(clock)
  await clock.advance(29_999)
  assert.equal(await settled(client.gone), false)
  await clock.advance(1)
  assert.equal(await settled(client.gone), true)
})

test('one that reads is waited for, and served when it has read to the end', async () => {
  const clock = new FakeClock()
  const client = new ReturningClient(clock)
  const reading = client.serve(blocks(2))
  await reading.next()
  await clock.advance(60_000)
  assert.equal(await settled(client.gone), false)
  await reading.next()
  await reading.next()
  assert.equal(await settled(client.gone), true)
})

test('one that leaves before the end may come again, for as long as is waited', async () => {
  const clock = new FakeClock()
  const client = new ReturningClient(clock)
  const reading = client.serve(blocks(2))
  await reading.next()
  await reading.return(undefined)
  assert.equal(await settled(client.gone), false)
  await clock.advance(30_000)
  assert.equal(await settled(client.gone), true)
})
