import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheRecord } from '../contracts.ts'
import { BuildCache } from './cache.ts'

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
