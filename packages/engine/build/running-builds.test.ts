import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { RunningBuilds } from './running-builds.ts'

const signal = AbortSignal.timeout(60_000)

test('an upload and its build find each other, whichever comes first', { timeout: 60_000 }, async () => {
  const running = new RunningBuilds()
  const read = (archive: Readable) => archive.setEncoding('utf8').toArray()
  const early = running.upload('a', Readable.from([Buffer.from('x')]), signal)
  assert.deepEqual(await running.uploaded('a', read, signal), ['x'])
  await early
  const late = running.uploaded('b', read, signal)
  await running.upload('b', Readable.from([Buffer.from('y')]), signal)
  assert.deepEqual(await late, ['y'])
})

test('the upload of a build that was refused ends, be it there already or not', {
  timeout: 20_000,
}, async () => {
  const running = new RunningBuilds()
  const there = running.upload('a', Readable.from([]), signal)
  running.refuse('a')
  await assert.rejects(there, { kind: 'NotFound' })
  for (let count = 0; count < 1000; count++) running.refuse(`other-${count}`)
  running.refuse('b')
  await assert.rejects(running.upload('b', Readable.from([]), signal), { kind: 'NotFound' })
})
