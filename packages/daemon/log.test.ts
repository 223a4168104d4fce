import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './log.ts'

test('a line has a time, a level, a message and fields, and nothing can forge another', () => {
  const lines: string[] = []
  const log = createLogger({ level: 'info', format: 'text' }, (line) => lines.push(line))
  log.debug('unseen')
  log.warn('it "broke"', { path: '/a/b', why: 'two words\nlevel=info', none: undefined, list: ['a'] })
  assert.equal(lines.length, 1)
  assert.match(
    lines[0] ?? '',
    /^time=\d{4}-\d\d-\d\dT[\d:.]+Z level=warn msg="it \\"broke\\"" path=\/a\/b why="two words\\nlevel=info" list="\[\\"a\\"\]"\n$/,
  )
  log.level = 'debug'
  log.debug('seen')
  assert.equal(lines.length, 2)
})

test('JSON lines carry the same', () => {
  const lines: string[] = []
  createLogger({ level: 'info', format: 'json' }, (line) => lines.push(line)).info('hello', { n: 1 })
  const { time, ...rest } = JSON.parse(lines[0] ?? '')
  assert.ok(Date.parse(time) > 0)
  assert.deepEqual(rest, { level: 'info', msg: 'hello', n: 1 })
})
