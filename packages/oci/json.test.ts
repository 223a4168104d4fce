import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJsonObject } from './json.ts'

const parse = (text: string, limit = 1 << 20) => parseJsonObject(Buffer.from(text), 'document', limit)
const refused = (text: string, message: RegExp) =>
  assert.throws(() => parse(text), { kind: 'InvalidParameter', message })

test('documents are read as JSON.parse reads them', () => {
  const texts = [
    '{}',
    ' {"a" : [1, {"b":"c"}], "d\\"e": "}{][", "\\\\": "\\\\", "f": "\\\\\\"", "g":"" }\n',
    '{"ü":"\\u00fc"}',
  ]
  for (const text of texts) assert.deepEqual(parse(text), JSON.parse(text))
})

test('a key counts once in an object, however it is written', () => {
  refused('{"a":1,"a":2}', /key "a" appears twice/)
  refused('{"a" :1,"\\u0061"\n:2}', /key "a" appears twice/)
  refused('{"x":[{"b":1,"c":{"b":1}, "b" : 3}]}', /key "b" appears twice/)
  refused('{"__proto__":1,"__proto__":2}', /key "__proto__" appears twice/)
  for (const text of ['{"a":"a","b":["a","a"]}', '{"a":{"a":{}},"b":{"a":"\\"a\\":"}}', '{"a\\\\":1,"a":2}'])
    assert.deepEqual(parse(text), JSON.parse(text))
})

test('what is no JSON object, too long or too deep is refused', () => {
  for (const text of [
    '',
    '{',
    '{"a',
    '{"a\\',
    '{"a":1,"a":',
    '{"\\x":1,"\\x":2}',
    '}',
    ']{',
    '{"a":1}}',
    '"a":',
  ])
    refused(text, /not JSON/)
  for (const text of ['[]', 'null', '"a"', '1']) refused(text, /not an object/)
  assert.throws(() => parse('{"a":1}', 6), { message: /larger than 6 bytes/ })
  assert.throws(() => parseJsonObject(Buffer.from([0x7b, 0xff, 0x7d]), 'document', 9), {
    message: /not UTF-8/,
  })
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  assert.ok(parse(nested(64)))
  refused(nested(65), /nested too deeply/)
  refused(`{"a":${'['.repeat(1_000_000 - 10)}`, /nested too deeply/)
})

/** What JSON.parse makes of a text in which each key keeps its place: pairs, so that none is lost. */
function hasTwice(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasTwice)
  if (!(value instanceof Pairs)) return false
  const keys = value.pairs.map(([key]) => key)
  return new Set(keys).size < keys.length || value.pairs.some(([, each]) => hasTwice(each))
}

class Pairs {
  readonly pairs: [string, unknown][]

  constructor(pairs: [string, unknown][]) {
    this.pairs = pairs
  }
}

test('any document: refused if and only if a key of it appears twice', () => {
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 0x7fff_ffff
    return seed % below
  }
  const words = ['a', 'b', 'c:', '"', '\\', '{', ']', 'ü', '', '\n', '\u2028']
  const make = (depth: number): unknown => {
    const kind = random(depth > 4 ? 2 : 5)
    if (kind < 2) return words[random(words.length)]
    if (kind === 2) return Array.from({ length: random(4) }, () => make(depth + 1))
    return new Pairs(
      Array.from({ length: random(4) }, () => [words[random(words.length)] ?? '', make(depth + 1)]),
    )
  }
  const space = () => ' \t\r\n'.slice(random(5))
  const key = (text: string) =>
    random(3) > 0
      ? JSON.stringify(text)
      : `"${[...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
  const write = (value: unknown): string => {
    if (Array.isArray(value)) return `[${space()}${value.map(write).join(`${space()},`)}]`
    if (!(value instanceof Pairs)) return JSON.stringify(value)
    return `{${value.pairs.map(([name, each]) => `${space()}${key(name)}${space()}:${write(each)}`).join(',')}}`
  }
  for (let round = 0; round < 3000; round++) {
    const value = new Pairs([['top', make(0)]])
    const text = write(value)
    if (hasTwice(value)) refused(text, /appears twice/)
    else assert.deepEqual(parse(text), JSON.parse(text))
  }
})
