import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareListings, condense, Listing } from './listing.ts'

function listing(files: Record<string, string>): Buffer {
  const made = new Listing()
  for (const [path, state] of Object.entries(files)) made.add(path, state)
  return made.bytes()
}

test('what differs is told by name: changed, new and gone', () => {
  const before = listing({ '': 'd', a: '1', b: '1', 'c d': '1', old: 'd', 'old/x': '1', 'old/y': '1' })
  const now = listing({ '': 'd', a: '2', b: '1', 'e\u001b[2J"': '1', new: 'd', 'new/x': '1' })
  assert.deepEqual(compareListings(before, now), {
    names: ['a', 'c d is gone', '"e\\u001b[2J\\"" is new', 'new is new', 'old is gone'],
    count: 5,
  })
  assert.deepEqual(compareListings(before, before), { names: [], count: 0 })
})

test('the first names are told, and how many there are', () => {
  const many = (state: string) =>
    listing(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, state])))
  const { names, count } = compareListings(many('1'), many('2'))
  assert.deepEqual([names.length, count], [10, 30])
})

test('in a tree with more names than are kept, directories stand for what is in them', () => {
  const names = new Map([['top', 1]])
  for (let directory = 0; directory < 10; directory++) {
    names.set(`d${directory}`, 1)
    for (let file = 0; file < 20; file++) names.set(`d${directory}/${file}`, 1)
  }
  const condensed = condense(names, 50) ?? assert.fail()
  assert.equal(condensed.size, 21)
  const changed = condense(new Map([...names, ['d3/7', 2]]), 50) ?? assert.fail()
  assert.deepEqual(
    [...changed].filter(([path, state]) => condensed.get(path) !== state).map(([path]) => path),
    ['d3/'],
  )
  assert.equal(condense(names, 5), null)
  assert.equal(condense(names, names.size), names)
})
