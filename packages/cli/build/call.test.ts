import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCall } from './call.ts'
import { checkJson, checkReport } from './checks.ts'
import { outline, targets } from './description.ts'
import { warningSummary } from './warnings.ts'

const text = [
  '# base what others are made of',
  'FROM a AS base',
  '# v which one',
  'ARG v=1',
  'RUN --mount=type=secret,id=s,required x',
  'FROM base AS last',
  'ARG w',
  '',
].join('\n')

test('--call takes a method and a format', () => {
  assert.deepEqual(parseCall('', false), { name: 'build', json: false })
  assert.deepEqual(parseCall('', true), { name: 'check', json: false })
  assert.deepEqual(parseCall('lint,format=json', false), { name: 'check', json: true })
  assert.throws(() => parseCall('nope', false), /invalid value "nope" for --call/)
  assert.throws(() => parseCall('outline', true), /mutually exclusive/)
  assert.throws(() => parseCall('check,x', false), /invalid option of --call: x/)
})

test('a method of every object is none of --call', () => {
  assert.throws(() => parseCall('constructor', false), { message: 'invalid value "constructor" for --call' })
})

test('targets and the outline of one', () => {
  assert.equal(
    targets(text, false),
    'TARGET           DESCRIPTION\nbase             what others are made of\nlast (default)   \n',
  )
  const shown = outline(text, '', false)
  assert.match(shown, /^TARGET: {2}last\n\nBUILD ARG +VALUE +DESCRIPTION\nv +1 +which one\nw/)
  assert.match(shown, /SECRET +REQUIRED\ns +true\n/)
  assert.deepEqual(JSON.parse(outline(text, 'base', true)).args, [
    { name: 'v', value: '1', description: 'which one' },
  ])
  assert.throws(() => outline(text, 'nope', false), /target stage "nope" could not be found/)
})

test('what the checks found', () => {
  const file = { name: 'Dockerfile', text: 'FROM a\nCMD x\n' }
  const warning = {
    type: 'warning' as const,
    rule: 'JSONArgsRecommended',
    message: 'JSON arguments recommended',
    lines: { first: 2, last: 2 },
  }
  assert.equal(checkReport([], file), 'Check complete, no warnings found.\n')
  assert.equal(
    checkReport([warning], file),
    [
      'Check complete, 1 warning has been found!',
      '',
      'WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
      'JSON arguments recommended',
      'Dockerfile:2',
      '--------------------',
      '   1 |     FROM a',
      '   2 | >>> CMD x',
      '   3 |     ',
      '--------------------',
      '',
    ].join('\n'),
  )
  assert.equal(
    warningSummary([warning, warning], 'gantry').split('\n')[1],
    ' 2 warnings found (use gantry build --check to expand):',
  )
  assert.equal(JSON.parse(checkJson([warning], file)).warnings[0].location.ranges[0].start.line, 2)
})
