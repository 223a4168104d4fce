import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Progress } from './progress.ts'

const show = (progress: Progress, stream: 'stdout' | 'stderr' | 'note', text: string) =>
  progress.take({ stream, data: Buffer.from(text) }).toString()

test('what comes again is not shown again, whatever pieces it comes in', () => {
  const progress = new Progress('1.0')
  assert.equal(show(progress, 'stdout', 'one\ntw') + show(progress, 'stderr', 'err'), 'one\ntwerr')
  progress.startAgain()
  const again = [
    show(progress, 'stdout', 'one\n'),
    show(progress, 'stdout', 'two\n'),
    show(progress, 'stderr', 'error'),
  ]
  assert.deepEqual(again, ['', 'o\n', 'or'])
  progress.startAgain()
  assert.equal(show(progress, 'stdout', 'one\ntwo\nthree'), 'three')
})

test('a position is where counting begins anew, also while output comes again', () => {
  const progress = new Progress('1.0')
  show(progress, 'stdout', '0123456789')
  progress.startAgain()
  assert.equal(show(progress, 'stdout', '0123'), '')
  assert.equal(show(progress, 'note', 'position 1.40'), '')
  assert.equal(progress.place, '1.40')
  // The connection is lost once more: from 1.40 on, the six bytes behind come again.
  progress.startAgain()
  assert.equal(show(progress, 'stdout', '456789ab'), 'ab')
})

test('notes tell of the end of the input and of all', () => {
  const progress = new Progress('none')
  assert.deepEqual([progress.place, progress.complete, progress.inputDelivered], [null, false, false])
  show(progress, 'note', 'input ended')
  show(progress, 'note', 'end')
  assert.deepEqual([progress.complete, progress.inputDelivered], [true, true])
})
