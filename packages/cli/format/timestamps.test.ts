import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timestamp } from './timestamps.ts'

const now = Date.UTC(2024, 0, 2, 3, 4, 5)

test('moments as the engine takes them', () => {
  const cases: [string, string][] = [
    ['10m', String(now / 1000 - 600)],
    ['1h30m', String(now / 1000 - 5400)],
    ['0', '0'],
    ['1704164645', '1704164645'],
    ['1704164645.123456789', '1704164645.123456789'],
    ['2024-01-02T03:04:05Z', '1704164645.000000000'],
    ['2024-01-02T03:04:05.5Z', '1704164645.500000000'],
    ['2024-01-02T03:04:05+02:00', '1704157445.000000000'],
    ['2024-01-02T03:04Z', '1704164640.000000000'],
  ]
  for (const [text, expected] of cases) assert.equal(timestamp(text, now), expected, text)
})

test('what is no moment is refused in Docker words', () => {
  const cases: [string, string][] = [
    ['nope', 'failed to parse value as time or duration: "nope"'],
    ['', 'failed to parse value as time or duration: ""'],
    ['2024-13-01', 'parsing time "2024-13-01": month out of range'],
    ['2024-02-31', 'parsing time "2024-02-31": day out of range'],
    ['2024-01-01T25:00:00Z', 'parsing time "2024-01-01T25:00:00Z": hour out of range'],
    ['1-2-3', 'parsing time "1-2-3" as "2006-01-02": cannot parse "1-2-3" as "2006"'],
  ]
  for (const [text, message] of cases) assert.throws(() => timestamp(text, now), { message })
})
