import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import { until } from '../../../test/until.ts'
import { goDuration, probeCommand } from './health-probe.ts'
import { type Bench, bench } from './testing.ts'

const millisecond = 1e6

async function checked(it: Bench, check: object, hostConfig: HostConfig = {}): Promise<string> {
  const Healthcheck = { Test: ['CMD-SHELL', 'check'], Interval: 500 * millisecond, Retries: 2, ...check }
  const id = await it.create({ config: { Image: 'busybox', Healthcheck }, hostConfig })
  await it.containers.start(id)
  return id
}

const healthOf = async (it: Bench, id: string) => (await it.containers.inspect(id)).State?.Health

test('unhealthy after so many failures in a row, healthy after one success', async (t) => {
  const it = await bench(t)
  const id = await checked(it, {})
  const task = it.tasks.get(id)
  assert.equal((await healthOf(it, id))?.Status, 'starting')
  if (task) task.execResult = { exitCode: 1, output: 'no' }
  for (const streak of [1, 2, 3]) {
    await it.clock.advance(500)
    await until('the streak of failures', async () => (await healthOf(it, id))?.FailingStreak === streak)
    assert.equal((await healthOf(it, id))?.Status, streak < 2 ? 'starting' : 'unhealthy')
    await until('the next check to be due', () => it.clock.pending > 0)
  }
  assert.match((await it.containers.list({}))[0]?.Status ?? '', /\(unhealthy\)$/)
  if (task) task.execResult = { exitCode: 0, output: 'fine' }
  await it.clock.advance(500)
  await until('the container to be healthy', async () => (await healthOf(it, id))?.Status === 'healthy')
  const health = await healthOf(it, id)
  assert.deepEqual([health?.FailingStreak, health?.Log?.length, health?.Log?.at(-1)?.Output], [0, 4, 'fine'])
  assert.deepEqual(
    it.events.filter((event) => event.includes('health_status')),
    ['container health_status: unhealthy spec-a', 'container health_status: healthy spec-a'],
  )
  await it.containers.stop(id)
  assert.equal((await healthOf(it, id))?.Status, 'unhealthy')
})

test('failures of the start period do not count, and a command that cannot run is a failure', async (t) => {
  const it = await bench(t)
  const id = await checked(it, { StartPeriod: 2000 * millisecond, StartInterval: 1000 * millisecond })
  const task = it.tasks.get(id)
  if (task) task.execResult = new Error('no such shell')
  await it.clock.advance(1000)
  await until('the first result', async () => (await healthOf(it, id))?.Log?.length === 1)
  const health = await healthOf(it, id)
  assert.deepEqual([health?.Status, health?.FailingStreak], ['starting', 0])
  assert.deepEqual([health?.Log?.[0]?.ExitCode, health?.Log?.[0]?.Output], [-1, 'no such shell'])
})

test('results of an earlier run stay in the log, of which five are kept', async (t) => {
  const it = await bench(t)
  const id = await checked(it, {})
  for (let count = 1; count <= 6; count++) {
    await until('the next check to be due', () => it.clock.pending > 0)
    await it.clock.advance(500)
    await until('the results', async () => (await healthOf(it, id))?.Log?.length === Math.min(count, 5))
  }
  await it.containers.restart(id)
  const health = await healthOf(it, id)
  assert.deepEqual([health?.Status, health?.FailingStreak, health?.Log?.length], ['starting', 0, 5])
  assert.equal(it.events.filter((event) => event.includes('health_status')).length, 1)
})

test('a check that takes too long is killed with all it started, and its output so far is told', async (t) => {
  const it = await bench(t)
  const id = await checked(it, { Timeout: 700 * millisecond, Retries: 1 })
  const task = it.tasks.get(id)
  if (task) task.execResult = { exitCode: 137, output: 'part', hangs: true }
  await it.clock.advance(500)
  await it.clock.advance(700)
  await until('the container to be unhealthy', async () => (await healthOf(it, id))?.Status === 'unhealthy')
  const [result] = (await healthOf(it, id))?.Log ?? []
  assert.deepEqual([result?.ExitCode, result?.Output], [-1, 'Health check exceeded timeout (700ms): part'])
  assert.deepEqual(task?.execKills, ['9 group'])
  assert.equal(it.events.filter((event) => event === 'container exec_die spec-a').length, 1)
})

test('output is kept up to 4096 bytes, and Docker’s mark tells that there was more', async (t) => {
  const it = await bench(t)
  const id = await checked(it, {})
  const task = it.tasks.get(id)
  if (task) task.execResult = { exitCode: 0, output: 'x'.repeat(5000) }
  await it.clock.advance(500)
  await until('the first result', async () => (await healthOf(it, id))?.Log?.length === 1)
  assert.equal((await healthOf(it, id))?.Log?.[0]?.Output, `${'x'.repeat(4096)}...`)
})

test('a pause calls a check off without a verdict, and none is begun until the container goes on', async (t) => {
  const it = await bench(t)
  const id = await checked(it, { Retries: 1 })
  const task = it.tasks.get(id)
  if (task) task.execResult = { exitCode: 137, output: '', hangs: true }
  await it.clock.advance(500)
  await it.containers.pause(id)
  await it.clock.advance(60_000)
  assert.deepEqual((await healthOf(it, id))?.Log, [])
  if (task) task.execResult = { exitCode: 0, output: '' }
  await it.containers.unpause(id)
  await it.clock.advance(500)
  await until('the container to be healthy', async () => (await healthOf(it, id))?.Status === 'healthy')
})

for (const [action, policy, statuses] of [
  ['none', 'always', ['running']],
  ['stop', 'always', ['exited']],
  ['kill', 'no', ['exited']],
  ['kill', 'on-failure', ['restarting', 'running']],
  ['restart', 'no', ['restarting', 'running']],
] as const) {
  test(`health-on-failure ${action} with restart policy ${policy}`, async (t) => {
    const it = await bench(t)
    const id = await checked(
      it,
      { Retries: 1 },
      { HealthOnFailure: action, RestartPolicy: { Name: policy, MaximumRetryCount: 0 } },
    )
    const task = it.tasks.get(id)
    if (task) task.execResult = { exitCode: 1, output: '' }
    await it.clock.advance(500)
    for (const status of statuses) {
      await it.reaches(id, status)
      if (status !== 'restarting') continue
      await until('the check to be due', () => it.clock.pending === 1)
      await it.clock.advance(100)
    }
    const { State, RestartCount } = await it.containers.inspect(id)
    const restarted = statuses.length === 2
    assert.deepEqual([RestartCount, State?.Health?.Status], restarted ? [1, 'starting'] : [0, 'unhealthy'])
    const signal = { none: [], stop: [15], kill: [9], restart: [15] }[action]
    assert.deepEqual(task?.signals, signal)
    assert.equal(it.events.includes('container stop spec-a'), action === 'stop')
  })
}

test('an unhealthy container that an earlier daemon left is dealt with by the next', async (t) => {
  const it = await bench(t)
  const id = await checked(it, { Retries: 1 }, { HealthOnFailure: 'stop' })
  it.failAt = 'container.health.unhealthy'
  const task = it.tasks.get(id)
  if (task) task.execResult = { exitCode: 1, output: '' }
  await it.clock.advance(500)
  await until('the container to be unhealthy', async () => (await healthOf(it, id))?.Status === 'unhealthy')
  await it.reopen().restore()
  await until('the signal', () => task?.signals[0] === 15)
})

test('an action needs to be known, and a health check to go by', async (t) => {
  const it = await bench(t)
  const create = (HealthOnFailure: string, Healthcheck?: object) =>
    it.create({
      config: { Image: 'busybox', ...(Healthcheck && { Healthcheck }) },
      hostConfig: { HealthOnFailure: HealthOnFailure as 'kill' },
    })
  await assert.rejects(
    create('explode', { Test: ['CMD', 'true'] }),
    /invalid health-on-failure action 'explode'/,
  )
  await assert.rejects(create('kill'), /'kill' needs a health check/)
  await assert.rejects(create('kill', { Test: ['NONE'] }), /'kill' needs a health check/)
  await create('none')
})

test('checks are CMD, CMD-SHELL with the image’s shell, or NONE', () => {
  assert.deepEqual(probeCommand({ Test: ['CMD', 'a', 'b'] }, undefined), ['a', 'b'])
  assert.deepEqual(probeCommand({ Test: ['CMD-SHELL', 'a b'] }, undefined), ['/bin/sh', '-c', 'a b'])
  assert.deepEqual(probeCommand({ Test: ['CMD-SHELL', 'a b'] }, ['/x', '-e']), ['/x', '-e', 'a b'])
  assert.equal(probeCommand({ Test: ['NONE'] }, undefined), null)
  assert.equal(probeCommand({}, undefined), null)
})

test('durations as Go writes them', () => {
  const cases: [number, string][] = [
    [30_000, '30s'],
    [90_000, '1m30s'],
    [500, '500ms'],
    [1500, '1.5s'],
    [3_600_000, '1h0m0s'],
  ]
  for (const [milliseconds, text] of cases) assert.equal(goDuration(milliseconds), text)
})
