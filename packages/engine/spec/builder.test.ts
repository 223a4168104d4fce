import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../containers/state.ts'
import { createSpecBuilder } from './builder.ts'
import { host, record } from './testing.ts'

test('of a process that has just ended it is said that its container does not run', async () => {
  const imageView = { open: () => Promise.reject(new Error('not to be asked')) }
  const builder = createSpecBuilder({ host, apparmor: null, imageView })
  const base = record()
  // More than the kernel gives.
  const ended = {
    ...base,
    state: run({ ...base.state, status: 'starting', from: 'created' }, 2 ** 30, new Date()),
  }
  const rootfs = { lower: [], upper: '', work: '' }
  const notRunning = { kind: 'Conflict', message: `Container ${base.id} is not running` }
  await assert.rejects(builder.exec({ record: ended, rootfs, exec: { cmd: ['true'] } }), notRunning)
  await assert.rejects(builder.owner({ record: ended, rootfs }), notRunning)
})
