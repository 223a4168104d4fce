import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseFlags } from '../framework/flags.ts'
import { encodeFilters, pruneFilters, withFilter } from './filters.ts'

test('filters are encoded as the API takes them', () => {
  assert.equal(encodeFilters({}), undefined)
  assert.equal(encodeFilters({ label: ['a', 'b=c'] }), '{"label":{"a":true,"b=c":true}}')
  assert.deepEqual(withFilter({ label: ['a'] }, 'label', 'a'), { label: ['a'] })
})

test('the configuration adds filters to a prune, except what the user contradicts', () => {
  const settings: object = { pruneFilters: ['label!=keep', 'until=1h', 'bad'] }
  const config = { directory: '', path: '', settings }
  assert.deepEqual(pruneFilters({ label: ['keep'] }, config), { label: ['keep'], until: ['1h'] })
  assert.deepEqual(pruneFilters({ label: ['x'] }, config), {
    label: ['x'],
    'label!': ['keep'],
    until: ['1h'],
  })
  assert.deepEqual(pruneFilters({}, { directory: '', path: '', settings: {} }), {})
})

test('filters may have the names that every object has', async () => {
  const { flags } = await parseFlags(
    [{ long: 'filter', type: 'filter', multi: true, desc: '' }],
    ['--filter', 'constructor=x', '--filter', '__proto__=a', '--filter', '__proto__=b'],
  )
  const filters = flags.filters('filter')
  assert.equal(JSON.stringify(filters), '{"constructor":["x"],"__proto__":["a","b"]}')
  assert.deepEqual(withFilter({}, 'constructor', 'x'), { constructor: ['x'] })
})
