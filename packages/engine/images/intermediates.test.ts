import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Digest, hostPlatform, type ImageConfigFile } from '@gantry/oci'
import type { Table } from '@gantry/store'
import { type IntermediateRecord, Intermediates } from './intermediates.ts'

const idOf = (digits: string): Digest => `sha256:${digits.padEnd(64, '0')}` as Digest
const file: ImageConfigFile = { ...hostPlatform(), config: {}, diffIds: [], history: [] }

function tableOf(rows: Map<string, IntermediateRecord>): Table<IntermediateRecord> {
  return {
    get: (key) => rows.get(key),
    set: (key, value) => void rows.set(key, value),
    delete: (key) => rows.delete(key),
    values: () => [...rows.values()],
  }
}

test('what was noted is found by its id and by prefixes of one alone, also by the next daemon', () => {
  const rows = new Map<string, IntermediateRecord>()
  const before = new Intermediates(tableOf(rows))
  assert.equal(before.note(idOf('ab'), file), true)
  assert.equal(before.note(idOf('ab'), file), false)
  before.note(idOf('ac'), file, idOf('ab'))
  before.note(idOf('ad'))
  assert.equal(before.get(idOf('ac'))?.parent, idOf('ab'))
  before.flush()
  const after = new Intermediates(tableOf(rows))
  assert.deepEqual(
    ['ab', 'ac', 'ad'].map((digits) => after.has(idOf(digits))),
    [true, true, false],
  )
  const found = ['ac', 'sha256:ac', 'a', 'ad', 'x', idOf('ab'), 'busybox', `${idOf('ab')}0`]
  assert.deepEqual(
    found.map((text) => after.find(text)?.id),
    [idOf('ac'), idOf('ac'), undefined, undefined, undefined, idOf('ab'), undefined, undefined],
  )
  after.forget(idOf('ac'))
  assert.equal(after.find('ac'), undefined)
})

test('what was noted is written down when the event loop turns, all of a turn at once', async () => {
  const rows = new Map<string, IntermediateRecord>()
  let transactions = 0
  const intermediates = new Intermediates(tableOf(rows), (work) => {
    transactions++
    work()
  })
  intermediates.note(idOf('ab'), file)
  intermediates.note(idOf('ac'), file)
  assert.equal(rows.size, 0)
  await nextTurn()
  assert.deepEqual([rows.size, transactions], [2, 1])
})

test('only so many are kept, the oldest go first', (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const rows = new Map<string, IntermediateRecord>()
  const intermediates = new Intermediates(tableOf(rows), undefined, 10)
  const ids = Array.from({ length: 300 }, (_, index) => idOf(index.toString(16).padStart(4, '0')))
  for (const id of ids) {
    intermediates.note(id, file)
    intermediates.flush()
    t.mock.timers.tick(2000)
  }
  assert.ok(rows.size <= 210, String(rows.size))
  assert.ok(rows.has(ids.at(-1) ?? '') && !rows.has(ids[0] ?? ''))
  assert.equal(intermediates.has(ids[0] ?? idOf('')), false)
})

test('what is large is not kept', () => {
  const rows = new Map<string, IntermediateRecord>()
  const intermediates = new Intermediates(tableOf(rows))
  const step = { created_by: 'x'.repeat(1000) }
  for (const [digits, count] of [
    ['ab', 100],
    ['ac', 200],
  ] as const)
    assert.equal(intermediates.note(idOf(digits), { ...file, history: Array(count).fill(step) }), true)
  intermediates.flush()
  assert.deepEqual([...rows.keys()], [idOf('ab')])
})
