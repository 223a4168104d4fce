import assert from 'node:assert/strict'
import { test } from 'node:test'
import { naturalOrder } from './natural-order.ts'

test('numbers count as numbers, letters as their bytes', () => {
  const sorted = [
    '',
    '9/tcp',
    '53/udp',
    '80/tcp',
    '80/udp',
    '443/tcp',
    'B',
    'a',
    'a1',
    'a01',
    'a2',
    'a10',
    'ab',
  ]
  assert.deepEqual(sorted.toReversed().sort(naturalOrder), sorted)
  assert.deepEqual(sorted.toSorted(naturalOrder), sorted)
  assert.equal(naturalOrder('net-10', 'net-10'), 0)
  const hosts = ['0.0.0.0:18080', '0.0.0.0:18081', '[::]:18080']
  assert.deepEqual(hosts.toReversed().sort(naturalOrder), hosts)
})
