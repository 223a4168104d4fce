import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goDuration, probeCommand } from './health-probe.ts'
import { type Bench, bench, until } from './testing.ts'

const millisecond = 1e6

async function checked(it: Bench, check: Record<string, unknown>): Promise<string> {
  const Healthcheck = { Test: ['CMD-SHELL', 'check'], Interval: 500 * millisecond, Retries: 2, ...check }
  const id = await it.create({ config: { Image: 'busybox', Healthcheck } })
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
    await until(async () => (await healthOf(it, id))?.FailingStreak === streak)
    assert.equal((await healthOf(it, id))?.Status, streak < 2 ? 'starting' : 'unhealthy')
    await until(() => it.clock.pending > 0)
  }
  assert.match((await it.containers.list({}))[0]?.Status ?? '', /\(unhealthy\)$/)
  if (task) task.execResult = { exitCode: 0, output: 'fine' }
  await it.clock.advance(500)
  await until(async () => (await healthOf(it, id))?.Status === 'healthy')
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
  await until(async () => (await healthOf(it, id))?.Log?.length === 1)
  const health = await healthOf(it, id)
  assert.deepEqual([health?.Status, health?.FailingStreak], ['starting', 0])
  assert.deepEqual([health?.Log?.[0]?.ExitCode, health?.Log?.[0]?.Output], [-1, 'no such shell'])
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
