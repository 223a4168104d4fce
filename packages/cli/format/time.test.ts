import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ansic, formatLayout, goTimeText, type Instant, parseTime, rfc3339 } from './time.ts'

const read = (text: string): Instant => parseTime(text) ?? assert.fail(`no time: ${text}`)

test('times as Go prints them', () => {
  assert.equal(goTimeText(read('2024-01-02T03:04:05.678901234Z')), '2024-01-02 03:04:05.678901234 +0000 UTC')
  assert.equal(goTimeText(read('2024-01-02T03:04:05+02:00')), '2024-01-02 03:04:05 +0200 +0200')
  assert.equal(rfc3339(read('2024-01-02T03:04:05.5Z')), '2024-01-02T03:04:05.5Z')
  assert.equal(rfc3339(read('2024-01-02T03:04:05.5Z'), true), '2024-01-02T03:04:05.500000000Z')
  assert.equal(rfc3339(read('2024-01-02T03:04:05-07:30')), '2024-01-02T03:04:05-07:30')
  assert.equal(ansic(read('2025-05-03T12:07:14Z')), 'Sat May  3 12:07:14 2025')
})

test('layouts', () => {
  const moment = read('2024-01-02T15:04:05.678901234Z')
  const cases: [string, string][] = [
    ['2006-01-02', '2024-01-02'],
    ['Monday, 2 January 2006', 'Tuesday, 2 January 2024'],
    ['3:04PM', '3:04PM'],
    ['15:04:05.000', '15:04:05.678'],
    ['_2 Jan 06 MST -0700 Z07:00', ' 2 Jan 24 UTC +0000 Z'],
  ]
  for (const [layout, text] of cases) assert.equal(formatLayout(moment, layout), text)
})

test('what is no time is none', () => {
  for (const text of ['', '2024-01-02', 'now', '2024-13-02T00:00:00Z'])
    assert.equal(parseTime(text), undefined)
})
