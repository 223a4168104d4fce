import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alignColumns } from './tabwriter.ts'

test('columns are as wide as their longest cell, and at least ten', () => {
  assert.equal(
    alignColumns('ID\tNAME\n1\ta-name-of-some-length\n'),
    'ID        NAME\n1         a-name-of-some-length\n',
  )
  assert.equal(alignColumns('A-LONG-HEADER\tB\nx\ty\n'), 'A-LONG-HEADER   B\nx               y\n')
})

test('a column ends where a line has no cell for it', () => {
  assert.equal(
    alignColumns('a-very-long-first-cell\tb\nno cells here\nshort\tb\n'),
    'a-very-long-first-cell   b\nno cells here\nshort     b\n',
  )
})

test('empty cells keep their width, also at the end', () => {
  assert.equal(alignColumns('A\tB\tC\n1\t\t\n'), 'A         B         C\n1                   \n')
})

test('width counts characters, not bytes', () => {
  assert.equal(alignColumns('sleep 600…\tx\n'), 'sleep 600…   x\n')
})
