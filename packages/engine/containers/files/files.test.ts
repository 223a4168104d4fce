import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { bench } from '../testing.ts'

test('a container that is removed while it is read is not there, rather than broken', async (t) => {
  const it = await bench(t)
  const { files } = it.services
  const reads = [
    (id: string) => files.stat(id, '/etc'),
    (id: string) => files.archive(id, '/etc'),
    (id: string) => files.export(id),
    (id: string) => files.changes(id),
  ]
  for (const read of reads) {
    const id = await it.create()
    const removed = async () => {
      await it.containers.remove(id)
      throw new GantryError('System', 'mount /views/root: no such file or directory')
    }
    Object.assign(it.deps.archive, { stat: removed, pack: removed, export: removed, changes: removed })
    await assert.rejects(read(id), {
      kind: 'NotFound',
      message: /No such container/,
    })
  }
})
