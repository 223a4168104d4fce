import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GantryError } from '@gantry/errors'
import { ProcessStartError } from '@gantry/runtime'
import { until } from '../../../test/until.ts'
import { bench, settle } from '../containers/testing.ts'
import type { AttachSession, OutputFrame } from '../contracts.ts'

async function textOf(session: AttachSession | null): Promise<string> {
  let text = ''
  for await (const { data } of (session?.output ?? []) as AsyncIterable<OutputFrame>) text += data
  return text
}

test('an exec is created, runs once, and tells its exit code', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start('spec-a')
  const task = it.tasks.get(container)
  if (task) task.execResult = { exitCode: 2, output: 'hi\n' }
  const { id } = await it.execs.create('spec-a', {
    cmd: ['sh', '-c', 'echo hi; exit 2'],
    attachStdout: true,
    attachStderr: true,
  })
  assert.deepEqual((await it.containers.inspect(container)).ExecIDs, [id])
  assert.deepEqual(await it.execs.inspect(id), {
    ID: id,
    Running: false,
    ExitCode: null,
    ProcessConfig: { tty: false, entrypoint: 'sh', arguments: ['-c', 'echo hi; exit 2'], privileged: false },
    OpenStdin: false,
    OpenStderr: true,
    OpenStdout: true,
    CanRemove: false,
    ContainerID: container,
    DetachKeys: '',
    Pid: 0,
  })
  assert.equal(await textOf(await it.execs.start(id, {})), 'hi\n')
  await settle()
  assert.equal((await it.execs.inspect(id)).ExitCode, 2)
  await assert.rejects(it.execs.start(id, { detach: true }), {
    kind: 'Conflict',
    message: `Error: Exec command ${id} has already run`,
  })
  assert.deepEqual(it.events.slice(-3), [
    'container exec_create: sh -c echo hi; exit 2 spec-a',
    'container exec_start: sh -c echo hi; exit 2 spec-a',
    'container exec_die spec-a',
  ])
  await it.clock.advance(300_000)
  await assert.rejects(it.execs.inspect(id), { message: `No such exec instance: ${id}` })
})

test('an end that cannot be written down at once is written later, and ends the stream then', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const task = it.tasks.get(container)
  if (task) task.execResult = { exitCode: 2, output: 'hi\n' }
  const { id } = await it.execs.create(container, { cmd: ['sh'], attachStdout: true })
  it.failAt = 'exec.exit.seen'
  const session = await it.execs.start(id, {})
  const text = textOf(session)
  await until('the failure', () => it.logs.some((line) => line.startsWith(`error exec ${id}: its end: `)))
  assert.equal((await it.execs.inspect(id)).Running, true)
  await it.clock.advance(1000)
  assert.equal(await text, 'hi\n')
  assert.equal((await it.execs.inspect(id)).ExitCode, 2)
})

test('an exec whose time is over is forgotten, whether its row can be deleted or not', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const { id } = await it.execs.create(container, { cmd: ['sh'] })
  await it.execs.start(id, { detach: true })
  await until('its end', async () => (await it.execs.inspect(id)).Running === false)
  const remove = it.execRows.delete.bind(it.execRows)
  it.execRows.delete = () => {
    throw new Error('database or disk is full')
  }
  await it.clock.advance(300_000)
  await assert.rejects(it.execs.inspect(id), { kind: 'NotFound' })
  it.execRows.delete = remove
  assert.equal(it.execRows.values().length, 1)
  it.reopen()
  await it.clock.advance(0)
  assert.equal(it.execRows.values().length, 0)
})

test('an exec that cannot start says why in its stream, or to the caller when detached', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start('spec-a')
  const task = it.tasks.get(container)
  const error = new ProcessStartError(
    'InvalidParameter',
    'exec: "nosuch": executable file not found in $PATH',
    127,
  )
  if (task) task.execResult = error
  const attached = await it.execs.create('spec-a', { cmd: ['nosuch'], attachStdout: true })
  assert.equal(await textOf(await it.execs.start(attached.id, {})), `${error.message}\r\n`)
  assert.equal((await it.execs.inspect(attached.id)).ExitCode, 127)
  const detached = await it.execs.create('spec-a', { cmd: ['nosuch'] })
  await assert.rejects(it.execs.start(detached.id, { detach: true }), error)
})

test('an exec of a user that is not there ends with 126', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const message = 'unable to find user nosuch: no matching entries in passwd file'
  it.deps.spec.exec = () => Promise.reject(new GantryError('InvalidParameter', message))
  const { id } = await it.execs.create('spec-a', { cmd: ['id'], user: 'nosuch', attachStdout: true })
  assert.equal(await textOf(await it.execs.start(id, {})), `${message}\r\n`)
  assert.equal((await it.execs.inspect(id)).ExitCode, 126)
})

test('containers that do not run take no execs', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await assert.rejects(it.execs.create('spec-a', { cmd: [] }), { message: 'No exec command specified' })
  await assert.rejects(it.execs.create('spec-a', { cmd: ['x'] }), {
    kind: 'Conflict',
    message: `Container ${id} is not running`,
  })
  await it.containers.start(id)
  const { id: exec } = await it.execs.create('spec-a', { cmd: ['x'] })
  await it.containers.pause(id)
  await assert.rejects(it.execs.create('spec-a', { cmd: ['x'] }), {
    message: 'Container spec-a is paused, unpause the container before exec',
  })
  await it.containers.remove(id, { force: true })
  await assert.rejects(it.execs.inspect(exec), { kind: 'NotFound' })
  await assert.rejects(it.execs.start('spec-none', {}), { message: 'No such exec instance: spec-none' })
})

test('an exec outlives the daemon: it is found running, and its exit code learnt', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const task = it.tasks.get(container)
  if (task) task.execResult = { exitCode: 7, output: '', hangs: true }
  const running = await it.execs.create(container, { cmd: ['sleep'], env: ['SECRET=x'], tty: true })
  const waiting = await it.execs.create(container, { cmd: ['later'] })
  await it.execs.start(running.id, { detach: true })
  const ended = await it.execs.create(container, { cmd: ['quick'] })
  if (task) task.execResult = { exitCode: 3, output: '' }
  await it.execs.start(ended.id, { detach: true })
  await until('the exit code', async () => (await it.execs.inspect(ended.id)).ExitCode === 3)
  const lost = await it.execs.create(container, { cmd: ['lost'] })
  if (task) task.execResult = { exitCode: 0, output: '', hangs: true }
  await it.execs.start(lost.id, { detach: true })
  if (task) task.execs = task.execs.filter(({ id }) => id !== lost.id && id !== ended.id)

  const next = it.reopen()
  await next.restore()
  const view = await next.execs.inspect(running.id)
  assert.deepEqual([view.Running, view.ExitCode, view.Pid, view.ProcessConfig?.tty], [true, null, 99, true])
  assert.equal((await next.execs.inspect(ended.id)).ExitCode, 3)
  assert.equal((await next.execs.inspect(lost.id)).ExitCode, 255)
  assert.deepEqual((await next.containers.inspect(container)).ExecIDs, [running.id, waiting.id])
  await task?.execs[0]?.kill(9)
  await until('the exit code', async () => (await next.execs.inspect(running.id)).ExitCode === 7)
  assert.equal((await next.execs.inspect(running.id)).Running, false)
  await next.execs.start(waiting.id, { detach: true })
  assert.equal((await next.execs.inspect(waiting.id)).Running, true)
  await next.containers.remove(container, { force: true })
  await assert.rejects(next.execs.inspect(running.id), { kind: 'NotFound' })
  assert.equal(it.execRows.values().length, 0)
})

test('health checks of an earlier daemon are ended, for nobody waits for them', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const task = it.tasks.get(container)
  if (task) task.execResult = { exitCode: 0, output: '', hangs: true }
  await task?.exec({ id: 'f'.repeat(64), attach: false })
  await it.reopen().restore()
  await until('the signal', () => task?.execKills[0] === '9 group')
})

test('execs that nobody starts or asks about any more do not pile up', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  const first = await it.execs.create(container, { cmd: ['x'] })
  for (let count = 0; count < 1000; count++) await it.execs.create(container, { cmd: ['x'] })
  await assert.rejects(it.execs.inspect(first.id), { kind: 'NotFound' })
  assert.equal(it.execRows.values().length, 1000)
  const { id } = await it.execs.create(container, { cmd: ['x'], env: ['SECRET=x'] })
  await it.execs.start(id, { detach: true })
  await until('the exit code', async () => (await it.execs.inspect(id)).ExitCode === 0)
  assert.equal(JSON.stringify(it.execRows.get(id)).includes('SECRET'), false)
})

test('thousands of execs: those that ended are few, and no timer is left of the others', async (t) => {
  const it = await bench(t)
  const container = await it.create()
  await it.containers.start(container)
  let waiting = 0
  const after = it.clock.after.bind(it.clock)
  it.clock.after = (milliseconds, callback) => {
    waiting++
    const cancel = after(milliseconds, callback)
    return () => {
      waiting--
      cancel()
    }
  }
  for (let count = 0; count < 3000; count++) {
    const { id } = await it.execs.create(container, { cmd: ['x'] })
    await it.execs.start(id, { detach: true })
  }
  await until('all rows to say that they ended', () =>
    it.execRows.values().every(({ state }) => state === 'exited'),
  )
  assert.ok(it.execRows.values().length <= 1000, `${it.execRows.values().length} rows`)
  assert.ok(waiting <= 1000, `${waiting} timers`)
})

test('an exec that fails because its container is paused or has ended says that', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const container = it.services.registry.find(id)
  const task = it.tasks.get(id)
  if (task) task.execResult = new ProcessStartError('System', 'the container is not there', 128)
  const attempt = async (meanwhile: () => Promise<unknown>) => {
    const { id: exec } = await it.execs.create(id, { cmd: ['true'] })
    const started = it.execs.start(exec, { detach: true })
    await meanwhile()
    await assert.rejects(started, { kind: 'Conflict' })
  }
  await attempt(() => it.containers.pause(id))
  await it.containers.unpause(id)
  if (task) task.processes = async () => []
  await attempt(() => it.containers.kill(id, 'KILL'))
  assert.equal(container.record.state.status, 'exited')
})
