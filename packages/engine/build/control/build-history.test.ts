import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusResponse } from '@gantry/buildkit'
import { BuildHistory } from './build-history.ts'

const about = { frontend: 'dockerfile.v0', options: new Map([['filename', 'F']]), exporters: [] }
const done = { response: new Map<string, string>(), provenance: {} }
const status = (part: Partial<StatusResponse>): StatusResponse => ({
  vertexes: [],
  statuses: [],
  logs: [],
  warnings: [],
  ...part,
})
const line = (text: string): StatusResponse => status({ logs: [{ vertex: 'a', msg: Buffer.from(text) }] })
const refs = (history: BuildHistory): string[] => history.records().map(({ ref }) => ref)

test('old records go, by number, age and size; those that run or are pinned stay', () => {
  let now = Date.parse('2026-01-01')
  const history = new BuildHistory(() => now)
  const running = history.begin('running', about)
  for (let count = 0; count < 60; count++) history.begin(`r${count}`, about).end(done)
  assert.equal(refs(history).length, 51)
  assert.deepEqual(refs(history).slice(0, 2), ['running', 'r10'])
  history.pin('r10', true)
  now += 49 * 3600_000
  assert.deepEqual(refs(history), ['running', 'r10'])
  history.pin('r10', false)
  running.end(done)
  assert.deepEqual(refs(history), [])
  for (let count = 0; count < 50; count++) {
    const record = history.begin(`large${count}`, about)
    for (let size = 0; size < 900_000; size += 1000) record.hear(line('x'.repeat(1000)))
    record.end(done)
  }
  const kept = refs(history)
  assert.ok(kept.length > 5 && kept.length < 40, `${kept.length} of 50`)
  assert.equal(kept.at(-1), 'large49')
})

test('a record tells what its build told, while it runs and afterwards; steps to their end, output as far as there is room', async () => {
  const history = new BuildHistory()
  const record = history.begin('r', about)
  const { signal } = new AbortController()
  const heard = Array.fromAsync(record.statuses(signal))
  record.hear(status({ vertexes: [{ digest: 'a', name: 'RUN a' }] }))
  for (let count = 0; count < 600; count++) record.hear(line('x'.repeat(1000)))
  record.hear(status({ vertexes: [{ digest: 'a', name: 'RUN a', cached: true, completed: { seconds: 1 } }] }))
  record.end(done)
  const told = await heard
  assert.deepEqual(told.at(0)?.vertexes[0]?.name, 'RUN a')
  assert.equal(told.at(-1)?.vertexes[0]?.cached, true)
  assert.ok(told.length > 400 && told.length < 550, `${told.length} messages`)
  assert.deepEqual(await Array.fromAsync(record.statuses(signal)), told)
  const { totalSteps, completedSteps, cachedSteps } = record.message
  assert.deepEqual([totalSteps, completedSteps, cachedSteps], [1, 1, 1])
})

test('who listens is told of changes; a listener that is called off hears no more', async () => {
  const history = new BuildHistory()
  const heard: string[] = []
  {
    using _listening = history.listen((change, { ref }) => heard.push(`${change} ${ref}`))
    history.begin('r', about).end(done)
    history.remove('r')
  }
  history.begin('s', about)
  assert.deepEqual(heard, ['started r', 'complete r', 'deleted r'])
  assert.throws(() => history.remove('r'), { kind: 'NotFound' })
  assert.throws(() => history.remove('s'), { kind: 'Conflict' })
  assert.throws(() => history.pin('r', true), { kind: 'NotFound' })
  assert.throws(() => history.blob('sha256:1'), { kind: 'NotFound' })
})
