import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ListedEntry, type Listing, type Selection, selected } from './selection.ts'

interface Entry extends ListedEntry {
  path: string
}

/** Paths that end in a slash are directories; `a -> b` is a link. */
function listing(lines: readonly string[]): Listing<Entry> {
  const entries = new Map(
    lines.map((line): [string, Entry] => {
      const [name = '', target = ''] = line.split(' -> ')
      const path = name.replace(/\/$/, '')
      const type = target !== '' ? 'symlink' : name.endsWith('/') ? 'directory' : 'file'
      return [path, { path, type, target }]
    }),
  )
  const parent = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0))
  return {
    names: (directory) =>
      [...entries.keys()]
        .filter((path) => parent(path) === directory)
        .map((path) => path.slice(path.lastIndexOf('/') + 1))
        .sort(),
    entry: (path) => entries.get(path) ?? null,
  }
}

const select = (lines: readonly string[], selection: Selection): string[] =>
  [...selected(listing(lines), selection)].map(({ path }) => path)

const tree = [
  'a',
  'd/',
  'd/e/',
  'd/e/f',
  'd/g',
  'l -> d/e',
  'm -> /l/f',
  'out -> ../../etc',
  'round -> round',
]

test('everything, and what the ignore file leaves', () => {
  assert.deepEqual(select(tree, {}), ['a', 'd', 'd/e', 'd/e/f', 'd/g', 'l', 'm', 'out', 'round'])
  assert.deepEqual(select(tree, { exclude: ['d', '[lmor]*'] }), ['a'])
  // A directory is told when something in it is.
  assert.deepEqual(select(tree, { exclude: ['*', '!d/e/f'] }), ['d', 'd/e', 'd/e/f'])
})

test('paths are asked for with what the links on the way lead to, inside of the tree', () => {
  assert.deepEqual(select(tree, { follow: ['d/g'] }), ['d', 'd/g'])
  assert.deepEqual(select(tree, { follow: ['l'] }), ['d', 'd/e', 'd/e/f', 'l'])
  assert.deepEqual(select(tree, { follow: ['m'] }), ['d', 'd/e', 'd/e/f', 'l', 'm'])
  assert.deepEqual(select(tree, { follow: ['l/*'] }), ['d', 'd/e', 'd/e/f', 'l'])
  assert.deepEqual(select(tree, { follow: ['out'] }), ['out'])
  assert.deepEqual(select(tree, { follow: ['round'] }), ['round'])
  assert.deepEqual(select(tree, { follow: ['m'], exclude: ['d/e/f'] }), ['l', 'm'])
})

test('a malformed pattern is refused', () => {
  assert.throws(() => select(tree, { exclude: ['a[b'] }))
})
