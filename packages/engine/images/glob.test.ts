import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileGlob } from './glob.ts'

test('patterns are those of path.Match', () => {
  for (const [pattern, text] of [
    ['spec-*', 'spec-l'],
    ['*/app:[0-9]', 'user/app:1'],
    ['a?c', 'abc'],
    ['[^x]b', 'ab'],
    ['a.b', 'a.b'],
    ['a\\*', 'a*'],
    ['[a-c\\]x]*', ']one'],
    ['*b*/**c', 'abb/xcc'],
    ['', ''],
  ] as const)
    assert.ok(compileGlob(pattern)(text), `${pattern} ${text}`)
  for (const [pattern, text] of [
    ['spec-*', 'spec/l'],
    ['*', 'a/b'],
    ['a.b', 'axb'],
    ['[^x]b', 'xb'],
    ['a+', 'aa'],
    ['a?b', 'a/b'],
    ['*b/*', 'abc/b'],
    ['a', ''],
  ] as const)
    assert.ok(!compileGlob(pattern)(text), `${pattern} ${text}`)
})

test('a broken pattern is an error before anything is matched', () => {
  for (const pattern of ['[', '[]', '[]a]', '[-x]', '[x-]', '[a', 'a[', 'a\\', '[a-', '[a\\'])
    assert.throws(
      () => compileGlob(pattern),
      { kind: 'InvalidParameter', message: 'syntax error in pattern' },
      pattern,
    )
})

test('many stars do not take for ever', { timeout: 60_000 }, () => {
  assert.ok(!compileGlob('*a'.repeat(100))(`${'a'.repeat(2000)}b`))
})
