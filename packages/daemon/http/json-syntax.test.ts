import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeMistake } from './json-syntax.ts'

test('mistakes are described in the words of Go', () => {
  for (const [text, message] of [
    ['{bad', "invalid character 'b' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['notjson', "invalid character 'o' in literal null (expecting 'u')"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['{"a":', 'unexpected EOF'],
    ['', 'unexpected EOF'],
  ] as const)
    assert.equal(describeMistake(text), message, text)
})
