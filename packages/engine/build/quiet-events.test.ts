import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BuildEvent } from '@gantry/build'
import { QuietEvents } from './quiet-events.ts'

const step = (id: number): BuildEvent => ({ type: 'step', id, name: `step ${id}`, started: new Date(0) })
const log = (id: number): BuildEvent => ({ type: 'log', id, stream: 'stdout', data: Buffer.from('a\n') })
const end = (id: number, error?: string): BuildEvent => ({
  type: 'end',
  id,
  cached: error === undefined,
  ...(error !== undefined && { error }),
})

test('a quiet build tells of steps that say something or fail, and of them everything', () => {
  const quiet = new QuietEvents()
  const warning: BuildEvent = { type: 'warning', rule: 'A', message: 'b', lines: { first: 1, last: 1 } }
  const events = [
    step(1),
    step(2),
    warning,
    log(2),
    log(2),
    end(1),
    step(3),
    { type: 'progress', id: 3, what: 'bytes', current: 1, total: 2 } as BuildEvent,
    end(2),
    end(3, 'no'),
  ]
  assert.deepEqual(
    events.flatMap((event) => quiet.told(event)),
    [warning, step(2), log(2), log(2), end(2), step(3), end(3, 'no')],
  )
})
