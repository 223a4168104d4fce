import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheRulesOf } from './builder-gc.ts'

test('builder.gc: on by default, with shares of the disk', () => {
  const rules = cacheRulesOf(undefined)(1000) ?? []
  assert.equal(rules.length, 4)
  assert.deepEqual(rules[2], { reservedSpace: 100, maxUsedSpace: 750, minFreeSpace: 200 })
  assert.equal(cacheRulesOf({ enabled: false })(1000), null)
})

test('builder.gc: policies, in the keys of older and newer dockerds', () => {
  const gc = {
    defaultKeepStorage: '1GB',
    policy: [
      { keepStorage: '512MB', filter: ['unused-for=168h', 'type=regular'] },
      { all: true, maxUsedSpace: '50%', keepDuration: '47h60m' },
      { filter: ['type!=regular', 'description~=cached', 'inuse'] },
    ],
  }
  assert.deepEqual(cacheRulesOf(gc)(1000), [
    { filters: { 'unused-for': ['168h'], type: ['regular'] }, reservedSpace: 512 * 2 ** 20 },
    { all: true, unusedFor: 172_800_000, reservedSpace: 2 ** 30, maxUsedSpace: 500 },
    {
      filters: { 'type!': ['regular'], 'description~': ['cached'], inuse: [''] },
      reservedSpace: 2 ** 30,
    },
  ])
})

test('builder.gc: what cannot be read is refused', () => {
  const wrong = [
    { defaultKeepStorage: 'much' },
    { policy: [{ keepDuration: 'long' }] },
    { policy: [{ keepDuration: '-1h' }] },
    { policy: [{ maxUsedSpace: '101%' }] },
    { policy: [{ filter: ['colour=red'] }] },
    { policy: [{ filter: ['until=soon'] }] },
  ]
  for (const gc of wrong)
    assert.throws(() => cacheRulesOf(gc), { kind: 'InvalidParameter', message: /^invalid builder\.gc: / })
})
