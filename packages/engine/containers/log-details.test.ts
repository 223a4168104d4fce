import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logDetails } from './log-details.ts'

const config = { Labels: { tier: 'web', note: 'x' }, Env: ['A=1', 'AB=2=3', 'C='] }

test('the log options choose which labels and variables go beside a line', () => {
  assert.deepEqual(logDetails(config, {}), {})
  assert.deepEqual(logDetails(config, { labels: 'tier,nosuch' }), { tier: 'web' })
  assert.deepEqual(logDetails(config, { env: 'C', 'env-regex': '^A', tag: 't' }), {
    A: '1',
    AB: '2=3',
    C: '',
    tag: 't',
  })
  assert.throws(() => logDetails(config, { 'env-regex': '(' }), { kind: 'InvalidParameter' })
  assert.deepEqual(logDetails({}, { labels: 'a', env: 'b' }), {})
})
