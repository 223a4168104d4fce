import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binarySize, humanDuration, humanSize } from './units.ts'

test('sizes', () => {
  const cases: [number, string, string][] = [
    [0, '0B', '0B'],
    [999, '999B', '999B'],
    [1000, '1kB', '1kB'],
    [1984162, '1.98MB', '1.984MB'],
    [123456789, '123MB', '123.5MB'],
    [999999, '1e+03kB', '1000kB'],
    [5e12, '5TB', '5TB'],
  ]
  for (const [bytes, three, four] of cases) {
    assert.equal(humanSize(bytes, 3), three)
    assert.equal(humanSize(bytes), four)
  }
  assert.equal(binarySize(25276510208), '23.54GiB')
})

test('spans of time', () => {
  const minute = 60
  const hour = 60 * minute
  const day = 24 * hour
  const cases: [number, string][] = [
    [0.9, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [119, 'About a minute'],
    [120, '2 minutes'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [1.4 * hour, 'About an hour'],
    [1.5 * hour, '2 hours'],
    [47 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
  ]
  for (const [seconds, text] of cases) assert.equal(humanDuration(seconds * 1000), text, String(seconds))
})
