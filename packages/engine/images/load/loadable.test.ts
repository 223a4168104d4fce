import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, parseReference } from '@gantry/oci'
import { checkNames, type Loadable } from './loadable.ts'

const digest = digestOf('x')

/** So many names of an index with so many attestations. */
const indexWith = (names: number, attestations: number): Pick<Loadable, 'names' | 'images' | 'index'> => ({
  names: Array.from({ length: names }, () => parseReference('a:b')),
  images: [{ id: digest, manifest: digest, layers: [], labels: {}, os: 'linux', architecture: 'amd64' }],
  index: { digest, images: [digest], blobs: Array.from({ length: attestations }, () => digest) },
})

test('an archive has a bounded number of names, and of what they refer to', () => {
  checkNames([indexWith(10_000, 19)])
  assert.throws(() => checkNames([indexWith(5000, 0), indexWith(5001, 0)]), /more than 10000 names$/)
  assert.throws(() => checkNames([indexWith(10_000, 20)]), /more than 200000 images and attestations/)
})
