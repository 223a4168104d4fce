import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFloat } from './float.ts'

test('what lies half-way between two numbers becomes the even one', () => {
  const cases: [number, number, string][] = [
    [3.125, 2, '3.12'],
    [3.375, 2, '3.38'],
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [2.5, 0, '2'],
    [-2.5, 0, '-2'],
    [0.125, 2, '0.12'],
    // Not half-way: the nearest double lies above or below.
    [1.005, 2, '1.00'],
    [2.675, 2, '2.67'],
    [1.255, 2, '1.25'],
    [100, 2, '100.00'],
    [99.995, 2, '100.00'],
  ]
  for (const [value, precision, text] of cases) assert.equal(formatFloat(value, 'f', precision), text)
})
