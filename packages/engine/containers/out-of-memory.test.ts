import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench, settle } from './testing.ts'

test('a process killed for want of memory is told of at once, and once', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const task = it.tasks.get(id)
  task?.runOutOfMemory()
  await settle()
  task?.runOutOfMemory()
  await settle()
  const state = async () => (await it.containers.inspect(id)).State
  assert.deepEqual([(await state())?.Status, (await state())?.OOMKilled], ['running', true])
  task?.end({ exitCode: 137, oomKilled: true })
  await it.reaches(id, 'exited')
  assert.deepEqual([(await state())?.ExitCode, (await state())?.OOMKilled], [137, true])
  assert.equal(it.events.filter((event) => event.startsWith('container oom')).length, 1)
  await it.containers.start(id)
  assert.equal((await state())?.OOMKilled, false)
})

test('an end for want of memory is told of when nothing was known before', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  it.tasks.get(id)?.end({ exitCode: 137, oomKilled: true })
  await it.reaches(id, 'exited')
  const told = it.events.filter((event) => /oom|die/.test(event))
  assert.deepEqual(told, ['container oom spec-a', 'container die spec-a'])
})
