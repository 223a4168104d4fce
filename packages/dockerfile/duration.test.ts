import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

const units = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 10n ** 9n,
  m: 60n * 10n ** 9n,
  h: 3600n * 10n ** 9n,
}
const names = Object.keys(units) as (keyof typeof units)[]

/** A sequence that is the same at each run. */
function sequence(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('a sum of whole parts is that of its parts, whatever their order and sign', () => {
  const next = sequence(1)
  for (let round = 0; round < 2000; round++) {
    let text = ''
    let exact = 0n
    for (let part = next(4); part >= 0; part--) {
      const [amount, unit] = [next(1000), names[next(names.length)] as keyof typeof units]
      text += `${amount}${unit}`
      exact += BigInt(amount) * units[unit]
    }
    const sign = ['', '+', '-'][next(3)]
    assert.equal(parseDuration(sign + text), Number(sign === '-' ? -exact : exact) + 0, text)
  }
})

test('parts may be fractions', () => {
  for (const [text, nanoseconds] of [
    ['1.5h', 5400e9],
    ['.5s', 5e8],
    ['1.s', 1e9],
    ['2m0.25s', 120.25e9],
    ['0', 0],
    ['+0', 0],
    ['1.9ns', 1],
  ] as const)
    assert.equal(parseDuration(text), nanoseconds, text)
})

test('whatever is none is refused in the words of Go, and nothing else happens', () => {
  const alphabet = [
    '1',
    '2.5',
    '.',
    '-',
    '+',
    'h',
    'ms',
    'µs',
    's',
    'x',
    ' ',
    '\n',
    '_',
    'constructor',
    '١',
    'e9',
    '',
  ]
  const next = sequence(2)
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: next(5) }, () => alphabet[next(alphabet.length)]).join('')
    try {
      assert.ok(Number.isInteger(parseDuration(text)), text)
      assert.match(text, /^[+-]?((\d+\.?\d*|\.\d+)(h|ms|µs|s))+$/)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      assert.match(error.message, /^time: (invalid|missing unit in|unknown unit ".*" in) duration /s)
    }
  }
  for (const text of ['99999999999h', '', '1', 's', '1x', '1h-5m'])
    assert.throws(() => parseDuration(text), RangeError, text)
})
