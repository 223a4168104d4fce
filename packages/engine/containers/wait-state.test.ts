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
  const hopeless = (await it.containers.waitForState(id, ['running'])).result
  await it.containers.remove(id)
  assert.equal((await gone).state, 'removed')
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
