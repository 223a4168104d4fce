import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { type Bench, bench, settle } from '../containers/testing.ts'
import { CheckpointService } from './checkpoints.ts'

function checkpointsOf(it: Bench): CheckpointService {
  return new CheckpointService(it.deps, it.services.registry)
}

test('a checkpoint is made, listed, started from and removed', async (t) => {
  const it = await bench(t)
  const checkpoints = checkpointsOf(it)
  const id = await it.create()
  await assert.rejects(checkpoints.create('spec-a', { id: 'first' }, { exit: false }), {
    kind: 'Conflict',
    message: `Container ${id} is not running`,
  })
  await it.containers.start(id)
  assert.deepEqual(await checkpoints.list('spec-a'), [])
  await checkpoints.create('spec-a', { id: 'first' }, { exit: false })
  await assert.rejects(checkpoints.create('spec-a', { id: 'first' }, { exit: false }), {
    kind: 'Conflict',
    message:
      'cannot checkpoint container spec-a: checkpoint with name first already exists for container spec-a',
  })
  await checkpoints.create('spec-a', { id: 'second' }, { exit: true })
  await settle()
  assert.equal((await it.containers.inspect(id)).State?.ExitCode, 137)
  assert.deepEqual((await checkpoints.list('spec-a')).sort(), ['first', 'second'])
  assert.ok(it.events.includes('container checkpoint spec-a'), it.events.join())

  await it.containers.start(id, { id: 'second' })
  const { options } = it.tasks.get(id) ?? {}
  assert.equal(options?.restore, join(it.deps.paths.containers, id, 'checkpoints', 'second'))
  await checkpoints.remove('spec-a', { id: 'first' })
  assert.deepEqual(await checkpoints.list('spec-a'), ['second'])
  await assert.rejects(checkpoints.remove('spec-a', { id: 'first' }), {
    kind: 'NotFound',
    message: 'checkpoint first does not exist for container spec-a',
  })
})

test('CVE-2026-53492: an id that is a path is refused everywhere', async (t) => {
  const it = await bench(t)
  const checkpoints = checkpointsOf(it)
  const id = await it.create()
  for (const bad of ['../x', '..', 'a/b', '/etc', 'a/../../b', '', '.hidden', 'a\0b', 'x']) {
    const refused = { kind: 'InvalidParameter', message: /^Invalid checkpoint ID \(/ }
    await assert.rejects(it.containers.start(id, { id: bad }), refused, bad)
    await it.containers.start(id)
    await assert.rejects(checkpoints.create(id, { id: bad }, { exit: false }), refused, bad)
    await assert.rejects(checkpoints.remove(id, { id: bad }), refused, bad)
    await it.containers.stop(id, { timeout: 0 })
    await settle()
  }
  await assert.rejects(checkpoints.list(id, 'relative'), { kind: 'InvalidParameter' })
})

test('what fails leaves nothing, and the container as it was', async (t) => {
  const it = await bench(t)
  const checkpoints = checkpointsOf(it)
  const id = await it.create()
  await it.containers.start(id)
  const task = it.tasks.get(id)
  assert.ok(task)
  task.checkpointError = new GantryError('NotImplemented', 'no CRIU')
  await assert.rejects(checkpoints.create('spec-a', { id: 'first' }, { exit: true }), {
    kind: 'NotImplemented',
    message: 'Cannot checkpoint container spec-a: no CRIU',
  })
  assert.deepEqual(await checkpoints.list('spec-a'), [])
  assert.equal((await it.containers.inspect(id)).State?.Running, true)
})

test('a directory of the host can take them', async (t) => {
  const it = await bench(t)
  const checkpoints = checkpointsOf(it)
  const id = await it.create()
  await it.containers.start(id)
  const directory = join(it.deps.paths.containers, 'elsewhere')
  await checkpoints.create(id, { id: 'first', directory }, { exit: false })
  assert.deepEqual(await readdir(directory), ['first'])
  await writeFile(join(directory, 'file'), '')
  assert.deepEqual(await checkpoints.list(id, directory), ['first'])
  await assert.rejects(checkpoints.create(id, { id: 'file', directory }, { exit: false }), {
    message: `cannot checkpoint container ${id}: ${directory}/file exists and is not a directory`,
  })
  await checkpoints.remove(id, { id: 'first', directory })
  assert.deepEqual(await checkpoints.list(id, directory), [])
})
