/** Rows that cannot be written, as on a full disk: what was done is undone or goes on, and nothing is stuck afterwards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../test/until.ts'
import type { ContainerRecord } from './record.ts'
import { type Bench, bench } from './testing.ts'

/** From now on rows that are so cannot be written, until the returned function is called. */
function refuse(it: Bench, which: (record: ContainerRecord) => boolean): () => void {
  const set = it.deps.table.set.bind(it.deps.table)
  it.deps.table.set = (id, record) => {
    if (which(record)) throw new Error('database or disk is full')
    set(id, record)
  }
  return () => {
    it.deps.table.set = set
  }
}

const stateOf = async (it: Bench, id: string) => (await it.containers.inspect(id)).State

test('a start whose failure cannot be written down can be tried again', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  it.runtimeError = new Error('no space left on device')
  const allow = refuse(it, ({ state }) => state.error !== '')
  await assert.rejects(it.containers.start(id), /no space left on device/)
  assert.equal((await stateOf(it, id))?.Status, 'created')
  assert.equal(it.deps.table.get(id)?.state.status, 'starting')
  it.runtimeError = null
  allow()
  await it.containers.start(id)
  assert.equal((await stateOf(it, id))?.Status, 'running')
})

test('a pause that cannot be written down is none', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const allow = refuse(it, ({ state }) => state.status === 'paused')
  await assert.rejects(it.containers.pause(id), /disk is full/)
  assert.deepEqual([(await stateOf(it, id))?.Status, it.tasks.get(id)?.paused], ['running', false])
  allow()
  await it.containers.pause(id)
  refuse(it, ({ state }) => state.status === 'running')
  await assert.rejects(it.containers.unpause(id), /disk is full/)
  assert.deepEqual([(await stateOf(it, id))?.Status, it.tasks.get(id)?.paused], ['paused', true])
})

test('a container whose health cannot be written down is followed to its end, and checked again', async (t) => {
  const it = await bench(t)
  const Healthcheck = { Test: ['CMD', 'check'], Interval: 500e6 }
  const id = await it.create({ config: { Image: 'busybox', Healthcheck } })
  const allow = refuse(it, ({ health }) => health !== null)
  await it.containers.start(id)
  await until('the check to be due', () => it.clock.pending > 0)
  await it.clock.advance(500)
  const failures = () => it.logs.filter((line) => /^error container \w+: health: .*disk is full/.test(line))
  await until('the check to be complained of', () => failures().length > 1)
  allow()
  await until('the next check to be due', () => it.clock.pending > 0)
  await it.clock.advance(500)
  await until('the health', async () => (await stateOf(it, id))?.Health?.Status === 'healthy')
  it.tasks.get(id)?.end({ exitCode: 3 })
  await it.reaches(id, 'exited')
})
