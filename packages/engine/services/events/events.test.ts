import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventMessage } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { EventQuery, Events } from '../../contracts.ts'
import { memoryTable } from '../testing.ts'
import { createEvents, type StoredEvent } from './events.ts'

const at = (seconds: number) => new Date(seconds * 1000)
const actions = (messages: EventMessage[]) => messages.map(({ Action }) => Action)

function setUp({ capacity = 1000, start = 1_700_000_000 } = {}) {
  const table = memoryTable<StoredEvent>()
  const clock = { now: at(start) }
  const open = () => createEvents({ table, capacity, now: () => clock.now })
  return { table, clock, open, events: open() }
}

/** What has happened until now, by the test's own clock. */
async function past(events: Events, query: EventQuery = {}) {
  return await Array.fromAsync(events.subscribe({ since: at(0), until: at(1_700_000_500), ...query }))
}

test('an event has the shape of the API', async () => {
  const { events, clock } = setUp()
  events.publish('volume', 'create', 'data', { driver: 'local' })
  clock.now = at(1_700_000_600)
  assert.deepEqual(await past(events), [
    {
      Type: 'volume',
      Action: 'create',
      Actor: { ID: 'data', Attributes: { driver: 'local' } },
      scope: 'local',
      time: 1_700_000_000,
      timeNano: 1_700_000_000_000_000_000,
    },
  ])
})

test('an event that cannot be written down is told all the same', async () => {
  const { table } = setUp()
  const set = (): never => {
    throw new Error('database or disk is full')
  }
  const events = createEvents({ table: { ...table, set }, now: () => at(1_700_000_000) })
  events.publish('volume', 'create', 'data', {})
  assert.deepEqual(actions(await past(events, { until: at(1_700_000_000) })), ['create'])
})

test('events of one moment keep their order in times that JSON tells apart', async () => {
  const { events, clock } = setUp({ start: 1_763_795_000.123 })
  for (let index = 0; index < 300; index++) events.publish('volume', `${index}`, 'v', {})
  clock.now = at(1_763_796_000)
  const messages = await past(events, { until: at(1_763_795_500) })
  const times = messages.map((message) => /"timeNano":(\d+)/.exec(JSON.stringify(message))?.[1] ?? '')
  assert.equal(times[0], '1763795000123000000')
  assert.equal(times[299], '1763795000123299000')
  assert.equal(new Set(times).size, 300)
})

test('the tail survives the daemon, and no more than its capacity is kept', async () => {
  const { events, clock, open, table } = setUp({ capacity: 5 })
  for (let index = 0; index < 12; index++) events.publish('volume', `${index}`, 'v', {})
  const again = open()
  again.publish('volume', 'new', 'v', {})
  assert.equal(table.values().length, 5)
  clock.now = at(1_700_000_600)
  assert.deepEqual(actions(await past(again)), ['8', '9', '10', '11', 'new'])
  assert.deepEqual(actions(await past(open())), ['8', '9', '10', '11', 'new'])
})

test('since and until bound what is told of the past', async () => {
  const { events, clock } = setUp()
  for (const second of [10, 20, 30]) {
    clock.now = at(1_700_000_000 + second)
    events.publish('volume', String(second), 'v', {})
  }
  clock.now = at(1_700_000_600)
  assert.deepEqual(actions(await past(events, { since: at(1_700_000_015) })), ['20', '30'])
  assert.deepEqual(actions(await past(events, { until: at(1_700_000_020) })), ['10', '20'])
})

test('without since only new events come, until the signal', async () => {
  const { events } = setUp()
  events.publish('volume', 'old', 'v', {})
  const abort = new AbortController()
  const reader = Array.fromAsync(events.subscribe({ signal: abort.signal }))
  const first = events.subscribe({ signal: abort.signal })[Symbol.asyncIterator]()
  events.publish('volume', 'new', 'v', {})
  assert.equal((await first.next()).value?.Action, 'new')
  assert.equal(events.listeners, 2)
  abort.abort()
  assert.deepEqual(actions(await reader), ['new'])
  assert.equal((await first.next()).done, true)
  assert.equal(events.listeners, 0)
})

test('a signal that has been given already ends the subscription', async () => {
  const { events } = setUp()
  assert.deepEqual(await Array.fromAsync(events.subscribe({ signal: AbortSignal.abort() })), [])
  assert.equal(events.listeners, 0)
})

test('a subscription ends by itself at until', async () => {
  const events = createEvents({ table: memoryTable<StoredEvent>() })
  const reader = Array.fromAsync(events.subscribe({ until: new Date(Date.now() + 2000) }))
  events.publish('volume', 'new', 'v', {})
  assert.deepEqual(actions(await reader), ['new'])
})

test('a reader that leaves its loop is forgotten', async () => {
  const { events } = setUp()
  events.publish('volume', 'a', 'v', {})
  for await (const message of events.subscribe({ since: at(0) })) {
    assert.equal(message.Action, 'a')
    break
  }
  assert.equal(events.listeners, 0)
})

test('a slow reader is dropped and told so; others go on', async () => {
  const { events } = setUp()
  const slow = events.subscribe({})[Symbol.asyncIterator]()
  const picky = events.subscribe({ filters: { event: ['last'] } })[Symbol.asyncIterator]()
  for (let index = 0; index <= 10_000; index++) events.publish('volume', 'x', 'v', {})
  events.publish('volume', 'last', 'v', {})
  await assert.rejects(slow.next(), (error) => isKind(error, 'Unavailable'))
  assert.equal((await picky.next()).value?.Action, 'last')
  assert.equal(events.listeners, 1)
})

test('a clock set back a little does not turn the order round, set back far it is believed', async () => {
  const { events, clock } = setUp()
  events.publish('volume', 'a', 'v', {})
  clock.now = at(1_699_999_990)
  events.publish('volume', 'b', 'v', {})
  clock.now = at(1_600_000_000)
  events.publish('volume', 'c', 'v', {})
  clock.now = at(1_700_000_600)
  const times = (await past(events)).map(({ time }) => time)
  assert.deepEqual(times, [1_700_000_000, 1_700_000_000, 1_600_000_000])
})
