import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../test/until.ts'
import { bench } from './testing.ts'

const healthcheck = { Test: ['CMD', 'check'], Interval: 1e9, Retries: 1 }

test('a wait for a state holds at once, or as soon as one of the states is reached', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', Healthcheck: healthcheck } })
  assert.equal((await (await it.containers.waitForState(id, ['created'])).result).state, 'created')
  const running = (await it.containers.waitForState(id, ['running', 'exited'])).result
  const healthy = (await it.containers.waitForState(id, ['healthy', 'unhealthy'])).result
  const paused = (await it.containers.waitForState(id, ['paused'])).result
  await it.containers.start(id)
  assert.equal((await running).state, 'running')
  await it.clock.advance(1000)
  assert.equal((await healthy).state, 'healthy')
  await it.containers.pause(id)
  assert.equal((await paused).state, 'paused')
  const ended = (await it.containers.waitForState(id, ['exited'])).result
  await it.containers.stop(id)
  assert.deepEqual(await ended, { state: 'exited', exitCode: 143 })
  const gone = (await it.containers.waitForState(id, ['removed'])).result
  await it.containers.remove(id)
  assert.equal((await gone).state, 'removed')
  const other = await it.create()
  const hopeless = (await it.containers.waitForState(other, ['running'])).result
  await it.containers.remove(other)
  await assert.rejects(hopeless, { kind: 'NotFound', message: /was removed before it was running/ })
})

test('a wait that is cancelled or hopeless says so and watches nothing any more', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await assert.rejects(it.containers.waitForState(id, ['healthy']), /has no health check/)
  const controller = new AbortController()
  const { result } = await it.containers.waitForState(id, ['running'], controller.signal)
  controller.abort()
  await assert.rejects(result, { kind: 'Cancelled' })
  const container = it.services.registry.find(id)
  await until('the observer to leave', () => container.observers.size === 0)
})

test('a wait for a life that will not begin again ends with the life, and is refused after it', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', Healthcheck: healthcheck } })
  const created = (await it.containers.waitForState(id, ['running'])).result
  await it.containers.start(id)
  await created
  const [healthy, paused] = [
    (await it.containers.waitForState(id, ['healthy'])).result,
    (await it.containers.waitForState(id, ['paused', 'restarting'])).result,
  ]
  const restarted = (await it.containers.waitForState(id, ['unhealthy', 'removed'])).result
  await it.containers.stop(id)
  const hopeless = (states: string) => ({
    kind: 'Conflict',
    message: `container ${id} ended with exit code 143 before it was ${states}`,
  })
  await assert.rejects(healthy, hopeless('healthy'))
  await assert.rejects(paused, hopeless('paused or restarting'))
  await assert.rejects(it.containers.waitForState(id, ['running']), hopeless('running'))
  await it.containers.remove(id)
  assert.equal((await restarted).state, 'removed')
})

test('a wait goes on through a restart, and with a policy that brings the container back', async (t) => {
  const it = await bench(t)
  const id = await it.create({ config: { Image: 'busybox', Healthcheck: healthcheck } })
  await it.containers.start(id)
  const healthy = (await it.containers.waitForState(id, ['healthy'])).result
  await it.containers.restart(id, { timeout: 0 })
  await it.clock.advance(1000)
  assert.equal((await healthy).state, 'healthy')
  const kept = await it.create({ name: 'kept', hostConfig: { RestartPolicy: { Name: 'always' } } })
  await it.containers.start(kept)
  const paused = (await it.containers.waitForState(kept, ['paused'])).result
  await it.containers.stop(kept)
  await it.containers.start(kept)
  await it.containers.pause(kept)
  assert.equal((await paused).state, 'paused')
})
