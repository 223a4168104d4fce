import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { GantryError, isKind } from '@gantry/errors'
import { ProcessStartError } from '@gantry/runtime'
import { bench, settle } from './testing.ts'

test('a container is created, runs and ends, and events tell so in order', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', Labels: { k: 'v' } } })
  const wait = await it.containers.wait('spec-a', 'next-exit')
  await it.containers.start('spec-a')
  await assert.rejects(it.containers.start(id.slice(0, 5)), (error) => isKind(error, 'NotModified'))
  await it.clock.advance(3500)
  it.tasks.get(id)?.end({ exitCode: 3 })
  assert.deepEqual(await wait.result, { exitCode: 3 })
  await settle()
  assert.deepEqual(it.events, [
    'container create spec-a',
    'network connect',
    'container start spec-a',
    'container die spec-a',
    'network disconnect',
  ])
  assert.deepEqual(it.attributes.at(-1), {
    k: 'v',
    image: 'busybox',
    name: 'spec-a',
    exitCode: '3',
    execDuration: '3',
  })
  const { State } = await it.containers.inspect('spec-a')
  assert.equal(State?.Status, 'exited')
  assert.equal(State?.ExitCode, 3)
  assert.equal(State?.StartedAt, '2026-01-01T00:00:00.000Z')
  assert.equal(State?.FinishedAt, '2026-01-01T00:00:03.500Z')
  assert.equal(it.tasks.get(id)?.deleted, true)
})

test('a run that ends before its start has been recorded is not shown to end before it starts', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  const wait = await it.containers.wait('spec-a', 'next-exit')
  await it.containers.start('spec-a')
  it.tasks.get(id)?.end({ exitCode: 7, finishedAt: new Date(it.clock.now().getTime() - 5) })
  await wait.result
  await settle()
  const { State } = await it.containers.inspect('spec-a')
  assert.equal(State?.FinishedAt, '2025-12-31T23:59:59.995Z')
  assert.equal(State?.StartedAt, State?.FinishedAt)
})

test('stop sends the stop signal, then kills, and restart is the sum of its events', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start('spec-a')
  const task = it.tasks.get(id)
  if (task) task.fatalSignals = [9]
  const stopped = it.containers.restart('spec-a', { timeout: 2 })
  await it.clock.advance(1900)
  assert.deepEqual(task?.signals, [15])
  await it.clock.advance(200)
  await stopped
  assert.deepEqual(task?.signals, [15, 9])
  assert.deepEqual(it.events.slice(3), [
    'container kill spec-a',
    'container kill spec-a',
    'container die spec-a',
    'network disconnect',
    'container stop spec-a',
    'network connect',
    'container start spec-a',
    'container restart spec-a',
  ])
  await it.containers.stop('spec-a')
  await assert.rejects(it.containers.stop('spec-a'), (error) => isKind(error, 'NotModified'))
})

test('a start that fails is undone and told in the state', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  it.runtimeError = new ProcessStartError(
    'InvalidParameter',
    'exec: "x": executable file not found in $PATH',
    127,
  )
  await assert.rejects(it.containers.start('spec-a'), (error) => error === it.runtimeError)
  const { State } = await it.containers.inspect('spec-a')
  assert.deepEqual([State?.Status, State?.ExitCode], ['created', 127])
  assert.match(State?.Error ?? '', /executable file not found/)
  assert.equal(it.sandboxes.size, 0)
  assert.deepEqual(it.purged, [id])
  it.runtimeError = null
  await it.containers.start('spec-a')
  assert.equal((await it.containers.inspect(id)).State?.Error, '')
})

test('every fault in create and start leaves nothing behind', async (t) => {
  const it = await bench(t)
  for (const point of ['directories', 'volumes', 'inserted'] as const) {
    it.failAt = `container.create.${point}`
    const hostConfig = { Binds: ['named:/n'] }
    const config = { Image: 'busybox', Volumes: { '/anonymous': {} } }
    await assert.rejects(it.create({ config, hostConfig }), /fault injected/)
    assert.deepEqual(await readdir(it.deps.paths.containers), [])
    assert.equal(it.volumes.size, 0)
    assert.equal(it.deps.table.values().length, 0)
  }
  await it.create()
  const steps = [
    'recorded',
    'volumes',
    'network',
    'files',
    'spec',
    'task',
    'attached',
    'started',
    'running',
  ] as const
  for (const step of steps) {
    it.failAt = `container.start.${step}`
    await assert.rejects(it.containers.start('spec-a'), /fault injected/)
    assert.deepEqual([it.sandboxes.size, it.tasks.size], [0, 0], step)
    assert.equal((await it.containers.inspect('spec-a')).State?.ExitCode, 128)
  }
})

test('a container that removes itself goes after its end, and when it cannot start', async (t) => {
  const it = await bench(t)
  const hostConfig = { AutoRemove: true }
  const config = { Image: 'busybox', Volumes: { '/v': {} } }
  const id = await it.create({ hostConfig, config })
  assert.equal(it.volumes.size, 1)
  const { result } = await it.containers.wait(id, 'removed')
  await it.containers.start(id)
  it.tasks.get(id)?.end({ exitCode: 7 })
  assert.deepEqual(await result, { exitCode: 7 })
  await assert.rejects(it.containers.inspect(id), { message: `No such container: ${id}` })
  assert.equal(it.volumes.size, 0)
  assert.equal(it.events.at(-1), 'container destroy spec-a')

  await it.create({ hostConfig })
  const removed = (await it.containers.wait('spec-a', 'removed')).result
  it.runtimeError = new GantryError('System', 'no')
  await assert.rejects(it.containers.start('spec-a'))
  assert.deepEqual(await removed, { exitCode: 128 })
})

test('removing refuses what runs, unless forced', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  await assert.rejects(it.containers.remove('spec-a'), {
    kind: 'Conflict',
    message: `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove`,
  })
  await it.containers.pause(id)
  await assert.rejects(it.containers.remove('spec-a'), /You cannot remove a paused container/)
  await Promise.all([
    it.containers.remove('spec-a', { force: true }),
    assert.rejects(it.containers.remove('spec-a', { force: true }), {
      message: `removal of container ${id} is already in progress`,
    }),
  ])
  assert.deepEqual(await it.containers.list({ all: true }), [])
  assert.deepEqual(await readdir(it.deps.paths.containers), [])
})

test('a removal that fails half-way leaves a container that can be removed again', async (t) => {
  const it = await bench(t)
  await it.create()
  it.failAt = 'container.remove.directories'
  await assert.rejects(it.containers.remove('spec-a'), /cannot be removed: fault injected/)
  assert.equal((await it.containers.inspect('spec-a')).State?.Status, 'dead')
  await assert.rejects(it.containers.start('spec-a'), /marked for removal/)
  await it.containers.remove('spec-a')
  assert.equal(it.deps.table.values().length, 0)
})

test('a paused container that ends as soon as it is killed is stopped and removed all the same', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  for (const how of ['stop', 'remove'] as const) {
    await it.containers.start(id)
    await it.containers.pause(id)
    if (how === 'stop') await it.containers.stop(id, {})
    else await it.containers.remove(id, { force: true })
  }
  assert.deepEqual(await it.containers.list({ all: true }), [])
})

test('kill, pause, unpause, resize and rename answer in Docker’s words', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.create({ name: 'spec-b' })
  const notRunning = `Container ${id} is not running`
  const { containers } = it
  const cases: [() => Promise<void>, string, string][] = [
    [() => containers.kill('spec-a', 'KILL'), 'Conflict', `Cannot kill container: spec-a: ${notRunning}`],
    [
      () => containers.kill('none', 'KILL'),
      'NotFound',
      'Cannot kill container: none: No such container: none',
    ],
    [() => containers.kill('spec-a', 'NOPE'), 'InvalidParameter', 'Invalid signal: NOPE'],
    [
      () => containers.kill('spec-a', '99'),
      'InvalidParameter',
      'Cannot kill container: spec-a: The linux daemon does not support signal 99',
    ],
    [() => containers.pause('spec-a'), 'Conflict', notRunning],
    [() => containers.unpause('spec-a'), 'System', `Container ${id} is not paused`],
    [() => containers.resize('spec-a', { rows: 1, columns: 1 }), 'Conflict', notRunning],
    [() => containers.rename('spec-a', ''), 'InvalidParameter', 'Neither old nor new names may be empty'],
    [
      () => containers.rename('spec-a', 'spec-a'),
      'InvalidParameter',
      'Renaming a container with the same name as its current name',
    ],
  ]
  for (const [call, kind, message] of cases) await assert.rejects(call(), { kind, message })
  await assert.rejects(containers.rename('spec-a', 'spec-b'), {
    kind: 'Conflict',
    message:
      /^Error when allocating new name: Conflict\. The container name "\/spec-b" is already in use by container "/,
  })
  await containers.rename('spec-a', 'spec-c')
  assert.equal(it.attributes.at(-1)?.oldName, '/spec-a')
  await containers.start('spec-c')
  await containers.pause('spec-c')
  await assert.rejects(containers.pause('spec-c'), { message: `Container ${id} is already paused` })
  await assert.rejects(containers.start('spec-c'), {
    message: 'cannot start a paused container, try unpause instead',
  })
  await containers.kill('spec-c', 'SIGKILL')
  assert.equal((await containers.inspect('spec-c')).State?.ExitCode, 137)
})

test('an id is found by a prefix that only it has', async (t) => {
  const it = await bench(t)
  const ids: string[] = []
  for (let n = 0; n < 17; n++) ids.push(await it.create({ name: `spec-${n}` }))
  const firsts = ids.map((id) => id[0])
  const shared = firsts.find((digit, index) => firsts.indexOf(digit) !== index) as string
  await assert.rejects(it.containers.inspect(shared), {
    kind: 'InvalidParameter',
    message: `multiple IDs found with provided prefix: ${shared}`,
  })
  assert.equal((await it.containers.inspect(ids[0]?.slice(0, 20) ?? '')).Id, ids[0])
  await assert.rejects(it.containers.inspect('nope'), { message: 'No such container: nope' })
})
