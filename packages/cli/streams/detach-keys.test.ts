import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DetachFilter, defaultDetachKeys, parseDetachKeys } from './detach-keys.ts'

test('keys are letters and control characters', () => {
  assert.deepEqual([...defaultDetachKeys], [16, 17])
  assert.deepEqual([...parseDetachKeys('ctrl-a,x,ctrl-[,ctrl-@')], [1, 120, 27, 0])
  assert.throws(() => parseDetachKeys('foo'), { message: "Unknown character: 'foo'" })
})

test('the sequence detaches, whole or byte by byte, and is not passed on', () => {
  const filter = new DetachFilter(defaultDetachKeys)
  assert.deepEqual(filter.feed(Buffer.from('ab\x10')), { data: Buffer.from('ab'), detached: false })
  assert.deepEqual(filter.feed(Buffer.from('\x11c')), { data: Buffer.alloc(0), detached: true })
})

test('the beginning of a sequence that goes on otherwise is passed on', () => {
  const filter = new DetachFilter(defaultDetachKeys)
  const passed = ['\x10', '\x10', 'x', 'y\x10z'].map((text) => filter.feed(Buffer.from(text)).data.toString())
  assert.equal(passed.join(''), '\x10\x10xy\x10z')
})
