import assert from 'node:assert/strict'
import { test } from 'node:test'
import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DockerfileProblem } from '../problem.ts'
import { IgnoreFile } from './ignore-file.ts'
import { compilePattern } from './path-pattern.ts'

const ignored = (rules: string, paths: string[]): string[] => {
  const file = new IgnoreFile(rules)
  return paths.filter((path) => file.ignores(path))
}

test('names, and everything below them', () => {
  assert.deepEqual(ignored('docs\n', ['docs', 'docs/a', 'docs2', 'a/docs']), ['docs', 'docs/a'])
  assert.deepEqual(ignored('/docs/\n./x\n', ['docs/a', 'x', 'a/x']), ['docs/a', 'x'])
})

test('stars stay within a name; two of them cross names', () => {
  assert.deepEqual(ignored('*.md', ['a.md', 'x/a.md', 'md']), ['a.md'])
  assert.deepEqual(ignored('**/*.md', ['a.md', 'x/a.md', 'x/y/b.md', 'x/b.txt']), [
    'a.md',
    'x/a.md',
    'x/y/b.md',
  ])
  assert.deepEqual(ignored('a/**/z', ['a/z', 'a/b/z', 'a/b/c/z', 'b/z']), ['a/z', 'a/b/z', 'a/b/c/z'])
  assert.deepEqual(ignored('**', ['a', 'b/c']), ['a', 'b/c'])
  assert.deepEqual(
    ignored('te?t\n[a-c]x\n[^a]y\n\\*z', ['test', 'teest', 'bx', 'dx', 'ay', 'by', '*z', 'az']),
    [...['test', 'bx', 'by', '*z']],
  )
})

test('the last rule that fits decides', () => {
  assert.deepEqual(ignored('*.md\n!README.md\n', ['a.md', 'README.md']), ['a.md'])
  assert.deepEqual(ignored('*.md\n!README*.md\nREADME-secret.md', ['README.md', 'README-secret.md']), [
    'README-secret.md',
  ])
  assert.deepEqual(
    ignored('# a comment\n\n  dir  \n!dir/keep\n', ['dir/keep/f', 'dir/other', '# a comment']),
    ['dir/other'],
  )
})

test('an exception that changes nothing for a directory counts for nothing below it', () => {
  const paths = ['dir/a', 'dir/sub/a', 'dir/sub/deep/a']
  assert.deepEqual(ignored('dir/sub/**\n!dir', paths), paths.slice(1))
  assert.deepEqual(ignored('dir\n!dir/sub\n', paths), ['dir/a'])
  assert.deepEqual(ignored('dir/**\n', ['dir', 'dir/a']), ['dir/a'])
  assert.deepEqual(ignored('**\n!dir/sub\ndir/sub/deep', paths), ['dir/a', 'dir/sub/deep/a'])
  for (const text of ['!', '! ', '!/', '!//'])
    assert.throws(() => new IgnoreFile(text), { message: 'illegal exclusion pattern: "!"' })
})

test('directories that need not be read', () => {
  assert.ok(new IgnoreFile('node_modules').prunes('node_modules'))
  assert.ok(!new IgnoreFile('node_modules').prunes('src'))
  const kept = new IgnoreFile('a\nb\n!a/keep/this')
  assert.ok(!kept.prunes('a') && !kept.prunes('a/keep') && kept.prunes('a/other') && kept.prunes('b'))
  assert.ok(!new IgnoreFile('*\n!**/*.go').prunes('any'))
})

test('a pattern that is no pattern', () => {
  assert.throws(() => compilePattern('a[b'), DockerfileProblem)
})

test('no pattern makes matching slow', () => {
  const pattern = compilePattern(`${'**/*a*'.repeat(1)}/${'*a'.repeat(40)}b`)
  assert.ok(!pattern.covers(`${'a/'.repeat(200)}${'a'.repeat(200)}`))
})

test('what very many rules say of very many directories is not all remembered', () => {
  v8.setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const ignore = new IgnoreFile('!x\n'.repeat(10_000))
  collect()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < 600; index++) ignore.ignores(`directory-${index}/file`)
  collect()
  assert.ok(process.memoryUsage().heapUsed - before < 20 << 20)
  assert.ok(!ignore.ignores('x'))
})

test('a path that is longer than any file’s is not looked at piece by piece', () => {
  assert.equal(new IgnoreFile('*\n!a').ignores(`${'a/'.repeat(100_000)}b`), false)
})

test('more patterns than anybody writes are refused', () => {
  assert.ok(new IgnoreFile('a\n'.repeat(10_000)).ignores('a'))
  assert.throws(() => new IgnoreFile('a\n'.repeat(10_001)), { message: 'more than 10000 patterns to ignore' })
})
