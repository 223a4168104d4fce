import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePlatform } from '@gantry/oci'
import type { NamedImage } from '../contracts.ts'
import { namedContexts } from './named-contexts.ts'

const amd64 = parsePlatform('linux/amd64')
const armv7 = parsePlatform('linux/arm/v7')

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
    assert.deepEqual(find(name, amd64), mine)
  assert.deepEqual(find('Stage', amd64), own)
  assert.equal(find('docs', amd64), 'files')
  assert.equal(find('ghcr.io/a/b:1', amd64), 'files')
  for (const name of ['alpine:3', 'ghcr.io/a/b', 'UPPER', '', 'constructor'])
    assert.equal(find(name, amd64), null)
})

test('a context may have an image for each platform, and one for all others', () => {
  const image = (shown: string): NamedImage => ({ reference: `r/${shown}`, shown })
  const images = { 'base::linux/arm/v7': image('arm'), 'only::linux/amd64': image('amd'), base: image('any') }
  const find = namedContexts(new Map(Object.entries(images)), [])
  for (const name of ['base', 'docker.io/library/base:latest'])
    assert.deepEqual([find(name, armv7), find(name, amd64)], [image('arm'), image('any')])
  assert.deepEqual([find('only', amd64), find('only', armv7)], [image('amd'), null])
})
