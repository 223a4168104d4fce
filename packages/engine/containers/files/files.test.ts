import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { bench } from '../testing.ts'

test('a container that is removed while it is read is not there, rather than broken', async (t) => {
  const it = await bench(t)
  for (const read of ['stat', 'archive', 'export', 'changes'] as const) {
    const id = await it.create()
    const removed = async () => {
      await it.containers.remove(id)
      throw new GantryError('System', 'mount /views/root: no such file or directory')
    }
    Object.assign(it.deps.archive, { stat: removed, pack: removed, export: removed, changes: removed })
    await assert.rejects(it.services.files[read](id, '/etc'), {
      kind: 'NotFound',
      message: /No such container/,
    })
  }
})
