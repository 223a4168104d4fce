import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replaceMatches, withoutPrefix, withoutSuffix } from './pattern.ts'

/** The same by trying every place, with a matcher that is plainly right. */
function matches(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*')
    return matches(pattern.slice(1), text) || (text !== '' && matches(pattern, text.slice(1)))
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && matches(pattern.slice(1), text.slice(1))
  )
}

const lengths = (value: string): number[] => Array.from({ length: value.length + 1 }, (_, index) => index)

test('prefixes and suffixes are those that trying every length finds', () => {
  const letters = ['a', 'b', '*', '?']
  const words = (length: number, from: string[]): string[] =>
    length === 0 ? [''] : words(length - 1, from).flatMap((word) => from.map((letter) => word + letter))
  for (const pattern of [1, 2, 3, 4].flatMap((length) => words(length, letters)))
    for (const value of ['', 'a', 'ab', 'aba', 'bbab', 'aabba']) {
      const heads = lengths(value).filter((length) => matches(pattern, value.slice(0, length)))
      const tails = lengths(value).filter((length) => matches(pattern, value.slice(value.length - length)))
      const what = `${pattern} of ${value}`
      assert.equal(withoutPrefix(value, pattern, false), value.slice(heads[0] ?? 0), what)
      assert.equal(withoutPrefix(value, pattern, true), value.slice(heads.at(-1) ?? 0), what)
      assert.equal(withoutSuffix(value, pattern, false), value.slice(0, value.length - (tails[0] ?? 0)), what)
      assert.equal(
        withoutSuffix(value, pattern, true),
        value.slice(0, value.length - (tails.at(-1) ?? 0)),
        what,
      )
    }
})

test('replacement takes the longest match that begins first', () => {
  assert.equal(replaceMatches('archive.tar.gz', 'a', 'A', false), 'Archive.tar.gz')
  assert.equal(replaceMatches('archive.tar.gz', '.*', '', false), 'archive')
  assert.equal(replaceMatches('a/b/c', '\\/', '$&', true), 'a$&b$&c')
  assert.equal(replaceMatches('abc', '', 'x', true), 'abc')
  assert.equal(replaceMatches('abab', 'a?', 'x', true), 'xx')
})
