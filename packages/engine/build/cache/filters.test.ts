import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheUsage } from '@gantry/build'
import { cacheFilters } from './filters.ts'

const now = new Date('2026-01-02T00:00:00Z')
const time = '2026-01-01T00:00:00Z'
const record = (id: string, more: Partial<CacheUsage> = {}): CacheUsage => ({
  ...{ id, type: 'regular', parents: [], description: '', createdAt: time, usedAt: time, uses: 1 },
  ...{ inUse: false, shared: false, size: 1, layers: [], ...more },
})
const records = [
  record('a1', { description: 'RUN make all' }),
  record('a2', { parents: ['a1'], shared: true, description: 'COPY . /' }),
  record('b1', { type: 'exec.cachemount', inUse: true, description: 'cached mount /c' }),
  record('b2', { type: 'source.local' }),
]

const cases: [Record<string, string[]>, string[]][] = [
  [{}, ['a1', 'a2', 'b1', 'b2']],
  [{ id: ['a'] }, ['a1', 'a2']],
  [{ 'id!': ['a'] }, ['b1', 'b2']],
  [{ 'id~': ['2$'] }, ['a2', 'b2']],
  [{ type: ['regular', 'source.local'] }, ['a1', 'a2', 'b2']],
  [{ 'type!': ['regular'] }, ['b1', 'b2']],
  [{ 'type!': ['regular', 'source.local'] }, ['b1']],
  [{ 'description~': ['^RUN .*all'] }, ['a1']],
  [{ 'description!': [''] }, ['a1', 'a2', 'b1']],
  [{ parent: ['a1'] }, ['a2']],
  [{ parents: ['a1'] }, ['a2']],
  [{ 'parents!': ['a1'] }, ['a1', 'b1', 'b2']],
  [{ inuse: [''] }, ['b1']],
  [{ inuse: ['true'] }, ['b1']],
  [{ 'inuse!': ['true'] }, ['a1', 'a2', 'b2']],
  [{ inuse: ['false'] }, ['a1', 'a2', 'b2']],
  [{ shared: ['1'] }, ['a2']],
  [{ private: [''] }, ['a1', 'b1', 'b2']],
  [{ mutable: [''] }, ['b1', 'b2']],
  [{ immutable: ['true'], private: [''] }, ['a1']],
  [{ label: ['x'] }, []],
  [{ 'label!': ['x'] }, ['a1', 'a2', 'b1', 'b2']],
]
for (const [filters, expected] of cases)
  test(`filters of the cache: ${JSON.stringify(filters)}`, () => {
    const { matches = () => true } = cacheFilters(filters, now)
    assert.deepEqual(
      records.filter(matches).map(({ id }) => id),
      expected,
    )
  })

test('filters of the cache: times, and what is refused', () => {
  assert.equal(cacheFilters({ until: ['1h'] }, now).unusedFor, 3_600_000)
  assert.equal(cacheFilters({ 'unused-for': ['1h'] }, now).unusedFor, 3_600_000)
  const wrong: [Record<string, string[]>, string][] = [
    [{ nope: ['1'] }, "Invalid filter 'nope'"],
    [{ 'constructor!': ['1'] }, "Invalid filter 'constructor!'"],
    [{ 'shared~': ['t'] }, "Invalid filter 'shared~'"],
    [{ 'until!': ['1h'] }, "Invalid filter 'until!'"],
    [{ inuse: ['maybe'] }, "Invalid filter 'inuse=maybe'"],
    [{ 'description~': ['('] }, "Invalid filter 'description~=('"],
    [{ id: ['a', 'b'] }, 'filters expect only one value'],
    [{ until: ['1h'], 'unused-for': ['1h'] }, 'conflicting filters: "until" and "unused-for"'],
  ]
  for (const [filters, message] of wrong)
    assert.throws(() => cacheFilters(filters, now), { kind: 'InvalidParameter', message })
})
