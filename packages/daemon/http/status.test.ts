import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { progress } from './reply.ts'
import { describeError } from './status.ts'

test('an error is told as Docker tells it', async () => {
  assert.deepEqual(describeError(new GantryError('NotFound', 'No such image: a')), {
    status: 404,
    message: 'No such image: a',
  })
  assert.deepEqual(describeError(new Error('odd')), { status: 500, message: 'odd' })
  assert.deepEqual(describeError('text'), { status: 500, message: 'text' })
  assert.deepEqual(describeError(undefined), { status: 500, message: 'undefined' })
  const missing = await readFile('/nowhere/at-all').catch((error: unknown) => error)
  assert.equal(describeError(missing).message, 'open /nowhere/at-all: no such file or directory')
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    syscall: 'write',
    errno: -28,
  })
  assert.equal(describeError(full).message, 'write: no space left on device')
  const { failure } = progress(Readable.from([]))
  assert.equal(JSON.parse(failure?.(full) ?? '').error, 'write: no space left on device')
})
