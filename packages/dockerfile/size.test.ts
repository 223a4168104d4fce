import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSize } from './size.ts'

test('sizes are numbers with units of 1024, or of 1000', () => {
  const sizes: Record<string, number> = {
    64: 64,
    '64b': 64,
    '64m': 2 ** 26,
    '1.5g': 1.5 * 2 ** 30,
    '1 k': 1024,
    '1KiB': 1024,
    '2Kb': 2048,
    '.5k': 512,
    '1e3k': 1024000,
    '3T': 3 * 2 ** 40,
    '1P': 2 ** 50,
    '9999P': Number.MAX_SAFE_INTEGER,
    0: 0,
  }
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseSize(text), bytes, text)
  assert.equal(parseSize('20m', 1000), 20_000_000)
  assert.equal(parseSize('1KiB', 1000), 1000)
})

test('what is no size is refused in the words of Docker', () => {
  const refused: Record<string, string> = {
    '': "invalid size: ''",
    abc: "invalid size: 'abc'",
    '10x': "invalid suffix: 'x'",
    '10constructor': "invalid suffix: 'constructor'",
    '-5': "invalid size: '-5'",
    '5..5': 'strconv.ParseFloat: parsing "5..5": invalid syntax',
    '1  k': 'strconv.ParseFloat: parsing "1 ": invalid syntax',
    '1ki': "invalid suffix: 'ki'",
    '1bb': "invalid suffix: 'bb'",
    '1ib': "invalid suffix: 'ib'",
  }
  for (const [text, message] of Object.entries(refused))
    assert.throws(() => parseSize(text), { name: 'RangeError', message }, text)
})

test('no text breaks it', () => {
  const letters = [...'0123456789.- bkmgtpixe']
  for (let round = 0; round < 3000; round++) {
    const text = Array.from(
      { length: round % 8 },
      () => letters[Math.floor(Math.random() * letters.length)],
    ).join('')
    try {
      assert.ok(Number.isSafeInteger(parseSize(text)), text)
    } catch (error) {
      assert.ok(error instanceof RangeError, `${text}: ${error}`)
    }
  }
})
