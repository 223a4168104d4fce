import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonMessage } from './json-messages.ts'
import { withRates } from './transfer-rates.ts'

async function shown(messages: JsonMessage[], step: number): Promise<JsonMessage[]> {
  let time = 0
  async function* source() {
    for (const message of messages) {
      time += step
      yield message
    }
  }
  return Array.fromAsync(withRates(source(), () => time))
}

const moving = (id: string, current: number) => ({
  id,
  status: 'Downloading',
  progressDetail: { current, total: 4_000_000 },
})

test('each layer has its rate, and two have a line with the whole', async () => {
  const messages = await shown(
    [moving('a', 0), moving('a', 1_000_000), moving('b', 0), moving('b', 2_000_000)],
    1000,
  )
  assert.deepEqual(
    messages.map(({ id, progressDetail, rate }) => [id, progressDetail?.current, rate]),
    [
      ['a', 0, ''],
      ['a', 1_000_000, '1MB/s'],
      ['b', 0, ''],
      ['Total', 1_000_000, '333.3kB/s'],
      ['b', 2_000_000, '2MB/s'],
      ['Total', 3_000_000, '750kB/s'],
    ],
  )
  assert.deepEqual(messages.at(-1)?.progressDetail, { current: 3_000_000, total: 8_000_000 })
})

test('what an earlier pull had got counts for no rate', async () => {
  const messages = await shown([moving('a', 3_000_000), moving('a', 4_000_000)], 1000)
  assert.equal(messages.at(-1)?.rate, '1MB/s')
  const two = await shown([moving('a', 0), moving('b', 3_000_000), moving('a', 1_500_000)], 1000)
  assert.deepEqual([two.at(-1)?.id, two.at(-1)?.rate], ['Total', '500kB/s'])
})

test('other messages are left as they are', async () => {
  const other = { id: 'a', status: 'Pull complete', progressDetail: {} }
  assert.deepEqual(await shown([other], 1), [other])
})
