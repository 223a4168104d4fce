import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsOf, cut, fit, widthOf } from './columns.ts'

test('text fits its columns, also where characters take two or none', () => {
  for (const [text, width, expected] of [
    ['abc', 5, 'abc  '],
    ['abc', 3, 'abc'],
    ['abcdef', 4, 'abc…'],
    ['日本', 4, '日本'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
    ['e\u0301e\u0301', 2, 'e\u0301e\u0301'],
    ['🐳x', 2, '… '],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ] as const) {
    const fitted = fit(text, width)
    assert.equal(fitted, expected)
    assert.equal(
      [...fitted].reduce((sum, each) => sum + columnsOf(each), 0),
      width,
    )
    assert.equal(widthOf(fitted), width)
    assert.ok(text.startsWith(cut(text, width)) && widthOf(cut(text, width)) <= width)
  }
})
