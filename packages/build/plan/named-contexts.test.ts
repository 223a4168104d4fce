import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamedImage } from '../contracts.ts'
import { namedContexts } from './named-contexts.ts'

test('a context is found by the image that its name means', () => {
  const [mine, own] = ['mine', 'own'].map((shown) => ({ reference: `r/${shown}`, shown })) as [
    NamedImage,
    NamedImage,
  ]
  const find = namedContexts(
    new Map([
      ['alpine', mine],
      ['Stage', own],
    ]),
    ['docs', 'ghcr.io/a/b:1'],
  )
  for (const name of ['alpine', 'alpine:latest', 'docker.io/library/alpine'])
    assert.deepEqual(find(name), mine)
  assert.deepEqual(find('Stage'), own)
  assert.equal(find('docs'), 'files')
  assert.equal(find('ghcr.io/a/b:1'), 'files')
  for (const name of ['alpine:3', 'ghcr.io/a/b', 'UPPER', '', 'constructor']) assert.equal(find(name), null)
})
