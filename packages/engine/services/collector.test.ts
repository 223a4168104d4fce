import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { CacheUsage } from '@gantry/build'
import type { CollectionPolicy } from '../images/collect.ts'
import { type CollectorParts, GarbageCollector } from './collector.ts'

const hour = 3600 * 1000

const record: CacheUsage = {
  ...{ id: 'k', type: 'regular', parents: [], description: '', layers: [] },
  ...{ uses: 1, inUse: false, shared: false, size: 5 },
  ...{ createdAt: '1970-01-01T00:00:00Z', usedAt: '1970-01-01T00:00:00Z' },
}

function bench(t: TestContext, first: CollectionPolicy | null) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const calls: string[] = []
  const logged: string[] = []
  const state = { policy: first, fails: false }
  const parts: CollectorParts = {
    policy: () => state.policy,
    images: {
      collect: async (_, dryRun) => {
        calls.push(dryRun ? 'dry images' : 'images')
        if (state.fails) throw new Error('disk gone')
        return [{ id: `sha256:${'a'.repeat(64)}`, names: ['a:1'], size: 10, lastUsed: new Date(0) }]
      },
    },
    caches: {
      prune: async ({ dryRun, reservedSpace: keep, unusedFor, without }) => {
        calls.push(`${dryRun ? `dry, without ${without?.size} images, ` : ''}cache ${keep} ${unusedFor}`)
        return { records: [record], spaceReclaimed: 5 }
      },
    },
    log: (level, message) => logged.push(`${level} ${message}`),
  }
  const collector = new GarbageCollector(parts)
  t.after(() => collector[Symbol.dispose]())
  return {
    collector,
    calls,
    logged,
    state,
    pass: async (time: number) => {
      t.mock.timers.tick(time)
      await setImmediate()
    },
  }
}

test('every hour, by the policy of that moment', async (t) => {
  const { calls, logged, state, pass } = bench(t, null)
  await pass(hour)
  assert.deepEqual(calls, [], 'off')
  state.policy = { keepTagged: true, keepBytes: 100, unusedFor: 7 }
  await pass(hour - 1)
  assert.deepEqual(calls, [])
  await pass(1)
  assert.deepEqual(calls.splice(0), ['images', 'cache 100 7'])
  assert.deepEqual(logged.splice(0), [
    'info clean-up removed 1 images and 1 records of the build cache, 15 bytes',
  ])
  state.fails = true
  await pass(hour)
  assert.deepEqual(logged.splice(0), ['warn clean-up: Error: disk gone'])
  state.fails = false
  await pass(2 * hour)
  assert.deepEqual(calls.splice(0), ['images', 'images', 'cache 100 7', 'images', 'cache 100 7'])
  state.policy = null
  await pass(hour)
  assert.deepEqual(calls, [])
})

test('a dry run tells of images and build cache, and removes nothing', async (t) => {
  const { collector, calls, state } = bench(t, { keepTagged: true, keepBytes: 1 })
  const report = await collector.run(true)
  assert.deepEqual(calls, ['dry images', 'dry, without 1 images, cache 1 undefined'])
  assert.deepEqual(report.BuildCache, [{ Id: 'k', Size: 5, LastUsed: '1970-01-01T00:00:00Z' }])
  assert.equal(report.SpaceReclaimed, 15)
  state.policy = null
  await assert.rejects(collector.run(true), { kind: 'InvalidParameter' })
})

test('it stops with the daemon', async (t) => {
  const { collector, calls, pass } = bench(t, { keepTagged: true, keepBytes: 1 })
  collector[Symbol.dispose]()
  await pass(3 * hour)
  assert.deepEqual(calls, [])
})
