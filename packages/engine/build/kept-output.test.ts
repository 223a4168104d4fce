import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildEvent } from '@gantry/build'
import { KeptMessages, OutputLimit } from './kept-output.ts'

test('of much output the last is kept, and that there was more is told', () => {
  const kept = new KeptMessages(100)
  for (let n = 10; n < 30; n++) kept.add({ stream: `line ${n}\n` })
  kept.add({ status: 'Downloading' })
  const messages = kept.take()
  assert.deepEqual(messages[0], { stream: '[output clipped]\n' })
  assert.deepEqual(messages.slice(-2), [{ stream: 'line 29\n' }, { status: 'Downloading' }])
  assert.ok(messages.length > 6 && messages.length < 16, String(messages.length))
  assert.deepEqual(kept.take(), [])
  kept.add({ stream: 'again' })
  assert.deepEqual(kept.take(), [{ stream: 'again' }])
})

test('a client that is behind misses output, is told so once a step, and misses nothing else', () => {
  let behind = false
  const limit = new OutputLimit(() => behind)
  const log = (id: number): BuildEvent => ({ type: 'log', id, stream: 'stdout', data: Buffer.from('x') })
  const told = (event: BuildEvent) => {
    const result = limit.limit(event)
    return result?.type === 'log' ? String(result.data) : result?.type
  }
  const clipped = '[output clipped: the client reads too slowly]\n'
  assert.equal(told(log(1)), 'x')
  behind = true
  assert.deepEqual([1, 1, 2].map(log).map(told), [clipped, undefined, clipped])
  assert.equal(told({ type: 'end', id: 1, cached: false }), 'end')
  behind = false
  assert.equal(told(log(1)), 'x')
})
