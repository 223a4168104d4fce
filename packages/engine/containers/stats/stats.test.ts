import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatsResponse } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { CgroupUsage } from '@gantry/runtime'
import { bench, settle } from '../testing.ts'
import { FakeClock } from '../testing-time.ts'
import { parseInterfaces, parseProcessors } from './host-usage.ts'
import { Meter } from './meter.ts'

const usage = (total: number): CgroupUsage => ({
  version: 2,
  cpu: { total, perCpu: null, kernel: 1, user: 2, periods: 0, throttledPeriods: 0, throttledTime: 0 },
  memory: { usage: 500, limit: null, maxUsage: null, failures: 0, stats: { anon: 1 } },
  pids: { current: 3, limit: null },
  blockIo: {
    serviceBytes: [{ major: 8, minor: 0, op: 'read', value: 7 }],
    serviced: [],
    queued: [],
    serviceTime: [],
    waitTime: [],
    merged: [],
    time: [],
    sectors: [],
  },
})

/** A running container whose cgroup says what the test wants. */
async function running(t: Parameters<typeof bench>[0]) {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const task = it.tasks.get(id)
  assert.ok(task)
  task.cgroupUsage = usage(1000)
  return { it, id, task }
}

const total = (answer: ContainerStatsResponse | undefined) => answer?.cpu_stats?.cpu_usage?.total_usage
const before = (answer: ContainerStatsResponse | undefined) => answer?.precpu_stats?.cpu_usage?.total_usage

test('one shot is answered at once, with nothing to compare with', async (t) => {
  const { it, id } = await running(t)
  const answer = await it.containers.statsOnce(id, { oneShot: true })
  assert.equal(it.clock.pending, 0)
  assert.equal(answer.name, '/spec-a')
  assert.equal(answer.preread, '0001-01-01T00:00:00Z')
  assert.deepEqual([total(answer), before(answer)], [1000, 0])
  // What has no limit may use the host's memory, and has no limit of processes.
  assert.deepEqual(answer.memory_stats, { usage: 500, stats: { anon: 1 }, limit: 2 ** 30 })
  assert.deepEqual(answer.pids_stats, { current: 3 })
  assert.deepEqual(answer.blkio_stats?.io_service_bytes_recursive, [
    { major: 8, minor: 0, op: 'read', value: 7 },
  ])
  assert.equal(answer.blkio_stats?.io_serviced_recursive, null)
})

test('a single answer has a sample before it; clients at the same time share both', async (t) => {
  const { it, id, task } = await running(t)
  const answers = [it.containers.statsOnce(id, {}), it.containers.statsOnce(id, {})]
  await settle()
  assert.equal(it.clock.pending, 1)
  task.cgroupUsage = usage(4000)
  await it.clock.advance(500)
  for (const answer of await Promise.all(answers))
    assert.deepEqual([total(answer), before(answer)], [4000, 1000])
})

test('a sample of a moment ago spares the wait, one of long ago does not', async (t) => {
  const { it, id, task } = await running(t)
  const first = it.containers.statsOnce(id, {})
  await it.clock.advance(500)
  await first
  task.cgroupUsage = usage(7000)
  await it.clock.advance(1000)
  const second = await it.containers.statsOnce(id, {})
  assert.deepEqual([total(second), before(second)], [7000, 1000])
  await it.clock.advance(10_000)
  const third = it.containers.statsOnce(id, {})
  task.cgroupUsage = usage(9000)
  await it.clock.advance(500)
  assert.equal(before(await third), 7000)
  assert.equal(Date.parse((await third).read ?? '') - Date.parse((await third).preread ?? ''), 500)
})

test('counters of an earlier run are not compared with', async (t) => {
  const { it, id } = await running(t)
  const first = it.containers.statsOnce(id, {})
  await it.clock.advance(500)
  await first
  await it.containers.restart(id, { timeout: 0 })
  const task = it.tasks.get(id)
  assert.ok(task)
  task.cgroupUsage = usage(10)
  await it.clock.advance(700)
  const second = it.containers.statsOnce(id, {})
  task.cgroupUsage = usage(20)
  await it.clock.advance(500)
  assert.deepEqual([total(await second), before(await second)], [20, 10])
})

test('a container that does not run gives an empty sample', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  const answer = await it.containers.statsOnce(id, {})
  assert.equal(answer.id, id)
  assert.equal(answer.read, '0001-01-01T00:00:00Z')
  assert.deepEqual([answer.memory_stats, answer.pids_stats], [{}, {}])
  assert.equal(answer.networks, undefined)
  await assert.rejects(it.containers.statsOnce('nope', {}), (error) => isKind(error, 'NotFound'))
  assert.throws(
    () => it.containers.stats('nope'),
    (error) => isKind(error, 'NotFound'),
  )
})

test('a stream tells at once and each second, by one timer for all, and ends with the container', async (t) => {
  const { it, id, task } = await running(t)
  const seen: (number | undefined)[][] = []
  const read = async () => {
    for await (const answer of it.containers.stats(id)) seen.push([total(answer), before(answer)])
  }
  const readers = [read(), read()]
  await settle()
  assert.deepEqual(seen, [
    [1000, 0],
    [1000, 0],
  ])
  assert.equal(it.clock.pending, 1)
  task.cgroupUsage = usage(2000)
  await it.clock.advance(1000)
  assert.deepEqual(seen.slice(2), [
    [2000, 1000],
    [2000, 1000],
  ])
  await it.containers.stop(id)
  await it.clock.advance(1000)
  assert.deepEqual(seen.at(-1), [0, 0])
  await it.containers.remove(id)
  await Promise.all(readers)
  await it.clock.advance(5000)
  assert.equal(it.clock.pending, 0)
})

test('a reader that is slow gets the newest sample only, and one that leaves stops the timer', async (t) => {
  const { it, id, task } = await running(t)
  const leaving = new AbortController()
  const stream = it.containers.stats(id, leaving.signal)[Symbol.asyncIterator]()
  await stream.next()
  for (const value of [2000, 3000, 4000]) {
    task.cgroupUsage = usage(value)
    await it.clock.advance(1000)
  }
  assert.equal(total((await stream.next()).value), 4000)
  const next = stream.next()
  leaving.abort()
  assert.equal((await next).done, true)
  assert.equal(it.clock.pending, 0)
})

test('a look that fails is made good a second later, and ends nothing', async () => {
  const clock = new FakeClock()
  let looks = 0
  const meter = new Meter(() => {
    if (++looks === 2) throw new Error('too many open files')
    return null
  }, clock)
  let told = 0
  const leave = meter.listen(() => told++)
  await clock.advance(1000)
  assert.deepEqual([looks, told], [2, 1])
  await clock.advance(1000)
  assert.deepEqual([looks, told], [3, 2])
  leave()
})

test('processors: what Docker adds up, and how many are online', () => {
  const text = 'cpu  10 1 2 300 4 5 6 99 0 0\ncpu0 1 2\ncpu1 1 2\nintr 5\nbtime 7\n'
  assert.deepEqual(parseProcessors(text), { total: 328 * 1e7, online: 2 })
  assert.deepEqual(parseProcessors(''), { total: 0, online: 0 })
})

test('interfaces: only the container’s own', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:5338 36 1 2 0 0 0 0 648 8 3 4 0 0 0 0
`
  assert.deepEqual(parseInterfaces(text, new Set(['eth0', 'eth1'])), {
    eth0: {
      rx_bytes: 5338,
      rx_packets: 36,
      rx_errors: 1,
      rx_dropped: 2,
      tx_bytes: 648,
      tx_packets: 8,
      tx_errors: 3,
      tx_dropped: 4,
    },
  })
})
