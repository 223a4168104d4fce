import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from './parse.ts'

const parse = (option: string) => parseDockerfile(`FROM scratch\nHEALTHCHECK ${option} CMD true\n`)

test('durations of health checks are those of Go', () => {
  for (const [text, nanoseconds] of [
    ['.5s', 5e8],
    ['+1m30s', 90e9],
    ['1.5h', 5400e9],
    ['0', 0],
  ] as const) {
    const [stage] = parse(`--interval=${text}`).stages
    const check = stage?.commands.find(({ instruction }) => instruction === 'HEALTHCHECK')
    assert.equal((check as { interval?: number }).interval, nanoseconds, text)
  }
  for (const [text, message] of [
    ['1', /missing unit in duration "1"/],
    ['1x', /unknown unit "x" in duration "1x"/],
    ['s', /invalid duration "s"/],
    ['1us', /Interval "interval" cannot be less than 1ms/],
    ['-1s', /Interval "interval" cannot be less than 1ms/],
  ] as const)
    assert.throws(() => parse(`--interval=${text}`), { message })
})
