import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../test/until.ts'
import { nextDelay, shouldRestart, startsWithDaemon } from './restart-policy.ts'
import { bench } from './testing.ts'

test('policies', () => {
  const run = { exitCode: 1, restarts: 0, endedByUser: false }
  assert.equal(shouldRestart({ Name: 'no' }, run), false)
  assert.equal(shouldRestart({ Name: 'always' }, { ...run, exitCode: 0 }), true)
  assert.equal(shouldRestart({ Name: 'always' }, { ...run, endedByUser: true }), false)
  assert.equal(shouldRestart({ Name: 'on-failure' }, { ...run, exitCode: 0 }), false)
  assert.equal(shouldRestart({ Name: 'on-failure', MaximumRetryCount: 2 }, { ...run, restarts: 2 }), false)
  assert.equal(startsWithDaemon({ Name: 'unless-stopped' }, true), false)
  assert.equal(startsWithDaemon({ Name: 'always' }, true), true)
  assert.equal(startsWithDaemon({ Name: 'on-failure' }, false), false)
})

test('delays double up to a minute and begin again after a steady run', () => {
  const delays = [nextDelay(null, 0)]
  for (let n = 0; n < 11; n++) delays.push(nextDelay(delays.at(-1) as number, 50))
  assert.deepEqual(delays.slice(0, 4), [100, 200, 400, 800])
  assert.equal(delays.at(-1), 60_000)
  assert.equal(nextDelay(60_000, 10_000), 100)
})

test('on-failure:2 tries twice more and then gives up', async (t) => {
  const it = await bench(t)
  const hostConfig = { RestartPolicy: { Name: 'on-failure' as const, MaximumRetryCount: 2 } }
  const id = await it.create({ hostConfig })
  await it.containers.start(id)
  for (const delay of [100, 200]) {
    it.tasks.get(id)?.end({ exitCode: 4 })
    await it.reaches(id, 'restarting')
    const { State } = await it.containers.inspect(id)
    assert.deepEqual([State?.Restarting, State?.Running], [true, true])
    await until('the restart to be due', () => it.clock.pending === 1)
    await it.clock.advance(delay)
    await it.reaches(id, 'running')
  }
  it.tasks.get(id)?.end({ exitCode: 4 })
  await it.reaches(id, 'exited')
  const { State, RestartCount } = await it.containers.inspect(id)
  assert.deepEqual([State?.Status, State?.ExitCode, RestartCount], ['exited', 4, 2])
})

test('stop calls off the next try, and a stopped container is not restarted', async (t) => {
  const it = await bench(t)
  const id = await it.create({ hostConfig: { RestartPolicy: { Name: 'always' } } })
  await it.containers.start(id)
  it.tasks.get(id)?.end({ exitCode: 0 })
  await it.reaches(id, 'restarting')
  await it.containers.stop(id)
  await it.clock.advance(60_000)
  assert.equal((await it.containers.inspect(id)).State?.Status, 'exited')

  await it.containers.start(id)
  await it.containers.stop(id)
  await it.clock.advance(60_000)
  assert.equal((await it.containers.inspect(id)).State?.Status, 'exited')
})

test('remove --force ends a container between two tries', async (t) => {
  const it = await bench(t)
  const id = await it.create({ hostConfig: { RestartPolicy: { Name: 'always' } } })
  await it.containers.start(id)
  it.tasks.get(id)?.end({ exitCode: 1 })
  await it.reaches(id, 'restarting')
  await assert.rejects(it.containers.remove(id), /You cannot remove a restarting container/)
  await it.containers.remove(id, { force: true })
  await it.clock.advance(60_000)
  assert.deepEqual(await it.containers.list({ all: true }), [])
})

test('waits hold at each end, also of a container that goes on', async (t) => {
  const it = await bench(t)
  const id = await it.create({ hostConfig: { RestartPolicy: { Name: 'always' } } })
  assert.deepEqual(await (await it.containers.wait(id, 'not-running')).result, { exitCode: 0 })
  await it.containers.start(id)
  const controller = new AbortController()
  const cancelled = (await it.containers.wait(id, 'removed', controller.signal)).result
  controller.abort()
  await assert.rejects(cancelled, { kind: 'Cancelled' })
  for (const exitCode of [1, 2]) {
    const ends = await Promise.all([
      it.containers.wait(id, 'next-exit'),
      it.containers.wait(id, 'not-running'),
    ])
    it.tasks.get(id)?.end({ exitCode })
    for (const { result } of ends) assert.deepEqual(await result, { exitCode })
    await until('the restart to be due', () => it.clock.pending === 1)
    await it.clock.advance(1000)
    await it.reaches(id, 'running')
  }
})
