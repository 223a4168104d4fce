import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@gantry/errors'
import {
  booleanFilter,
  checkFilters,
  matchesLabels,
  matchesPattern,
  matchesPruneLabels,
  parseTimeFilter,
} from './filters.ts'

test('an unknown filter is named', () => {
  assert.throws(() => checkFilters({ nope: ['1'] }, ['name']), { message: "Invalid filter 'nope'" })
  checkFilters({ name: ['x'] }, ['name'])
})

test('every label filter must hold; a key alone asks only for the key', () => {
  const labels = { a: '1', b: 'x=y' }
  for (const [values, expected] of [
    [['a'], true],
    [['a=1', 'b=x=y'], true],
    [['a=2'], false],
    [['a', 'c'], false],
    [['toString'], false],
    [[], true],
  ] as const)
    assert.equal(matchesLabels({ label: values }, 'label', labels), expected, values.join())
})

test('label! keeps what has all of its labels', () => {
  assert.equal(matchesPruneLabels({ 'label!': ['keep'] }, { keep: '1' }), false)
  assert.equal(matchesPruneLabels({ 'label!': ['keep'] }, {}), true)
  assert.equal(matchesPruneLabels({ label: ['a'], 'label!': ['keep'] }, { b: '' }), false)
})

test('a pattern is a regular expression or the text itself', () => {
  assert.equal(matchesPattern({ name: ['^host$'] }, 'name', 'host'), true)
  assert.equal(matchesPattern({ name: ['os'] }, 'name', 'host'), true)
  assert.equal(matchesPattern({ name: ['[ho'] }, 'name', 'host'), false)
  assert.equal(matchesPattern({ name: ['[ho'] }, 'name', '[ho'), true)
})

test('a yes-or-no filter takes four words', () => {
  assert.equal(booleanFilter({}, 'dangling'), undefined)
  assert.equal(booleanFilter({ dangling: ['1'] }, 'dangling'), true)
  assert.equal(booleanFilter({ dangling: ['false'] }, 'dangling'), false)
  assert.throws(() => booleanFilter({ dangling: ['maybe'] }, 'dangling'), {
    message: "Invalid filter 'dangling=[maybe]'",
  })
})

const now = new Date('2026-06-01T12:00:00Z')
for (const [text, expected] of [
  ['1h30m', '2026-06-01T10:30:00.000Z'],
  ['500ms', '2026-06-01T11:59:59.500Z'],
  ['-1h', '2026-06-01T13:00:00.000Z'],
  ['.5h', '2026-06-01T11:30:00.000Z'],
  ['0', '1970-01-01T00:00:00.000Z'],
  ['1700000000', '2023-11-14T22:13:20.000Z'],
  ['1700000000.25', '2023-11-14T22:13:20.250Z'],
  ['2023-11-14T22:13:20Z', '2023-11-14T22:13:20.000Z'],
  ['2023-11-14T22:13:20.5+01:00', '2023-11-14T21:13:20.500Z'],
] as const)
  test(`time ${text}`, () => assert.equal(parseTimeFilter(text, now).toISOString(), expected))

for (const text of ['nope', '', '1x', '2023-13-01', '99999999999999'])
  test(`no time: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseTimeFilter(text, now),
      (error) =>
        isKind(error, 'InvalidParameter') &&
        error.message === `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    )
  })
