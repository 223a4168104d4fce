import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheRecord, EarlierRun, EarlierRunTable } from '../contracts.ts'
import { memoryTable } from '../testing.ts'
import { BuildCache } from './cache.ts'
import { EarlierRuns } from './earlier-runs.ts'

/** A cache with one record, of the key that `parts` makes; `written` are its numbers of uses as they were written down. */
function cacheOfOne(transaction: (work: () => void) => void) {
  const records = new Map<string, CacheRecord>()
  const written: number[] = []
  const cache = new BuildCache({
    table: {
      get: (key) => records.get(key),
      set: (key, record) => {
        records.set(key, record)
        written.push(record.uses)
      },
      delete: (key) => records.delete(key),
      values: () => [...records.values()],
    },
    earlierRuns: memoryTable(),
    transaction,
    snapshots: { has: async () => true },
    now: () => new Date(0),
  })
  const parts = { 'its command': 'true' }
  cache.keep(parts, { layers: [] }, 'RUN true')
  written.length = 0
  return { cache, parts, written }
}

test('what builds have used is written down after them, once for all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { cache, parts, written } = cacheOfOne((work) => work())
  await cache.find(parts)
  cache.flushSoon()
  await cache.find(parts)
  cache.flushSoon()
  assert.deepEqual(written, [])
  t.mock.timers.runAll()
  assert.deepEqual(written, [2])
})

test('uses that cannot be written down fail nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let isFull = false
  const { cache, parts, written } = cacheOfOne((work) => {
    if (isFull) throw new Error('database or disk is full')
    work()
  })
  await cache.find(parts)
  isFull = true
  cache.flushSoon()
  t.mock.timers.runAll()
  isFull = false
  await cache.find(parts)
  cache.flush()
  assert.deepEqual(written, [1])
})

function openCache(earlierRuns: EarlierRunTable) {
  const records = new Map<string, CacheRecord>()
  const cache = new BuildCache({
    table: memoryTable(records),
    earlierRuns,
    transaction: (work) => work(),
    snapshots: { has: async () => true },
    now: () => new Date(0),
  })
  return { records, cache }
}

test('of records that are gone the last run of each step is known, of a thousand steps', () => {
  const table = memoryTable<EarlierRun>()
  const runs = new EarlierRuns(table)
  const run = (number: number, usedAt = new Date(number).toISOString(), text = 'x'): EarlierRun => ({
    description: `RUN ${number}`,
    inputs: { 'its command': text },
    usedAt,
  })
  for (let number = 0; number < 1000; number++) runs.note(run(number))
  runs.note(run(1, new Date(0).toISOString(), 'before that'))
  runs.note(run(0, new Date(5000).toISOString(), 'again'))
  runs.note(run(3, new Date(5000).toISOString(), 'x'.repeat(20_000)))
  // A daemon that has been started anew.
  const later = new EarlierRuns(table)
  later.note(run(1000, new Date(6000).toISOString()))
  later.note(run(1001, new Date(6000).toISOString()))
  assert.equal(table.values().length, 1000)
  assert.deepEqual(
    [0, 1, 2, 3, 1001].map((number) => later.latest(`RUN ${number}`)?.inputs['its command']),
    ['again', undefined, undefined, 'x', 'x'],
  )
})

test('a record that is gone is forgotten also where nothing can be written down', async () => {
  const { records, cache } = openCache({
    ...memoryTable<EarlierRun>(),
    set: () => assert.fail('disk is full'),
  })
  cache.keep({ 'its command': 'true' }, { layers: [] }, 'RUN true')
  const [key = ''] = records.keys()
  assert.equal(cache.remove(key), true)
  assert.equal(records.size, 0)
})
