import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '@gantry/oci'
import { memoryTable } from '../../containers/testing.ts'
import { KeptReferrers, type ReferrersRecord } from './kept-referrers.ts'

const image = digestOf('image')
const bill = digestOf('bill of materials')
const signature = digestOf('signature')
const text = digestOf('text')

test('what says something about an image stays with it, and what says something about that', () => {
  const kept = new KeptReferrers(memoryTable<ReferrersRecord>())
  kept.add({ subject: image, referrers: [{ digest: bill, blobs: [text] }] })
  kept.add({ subject: bill, referrers: [{ digest: signature, blobs: [] }] })
  // A circle, as no digest can be in but a list may claim.
  kept.add({ subject: signature, referrers: [{ digest: image, blobs: [] }] })
  assert.deepEqual(kept.contentFor([image]), new Set([bill, text, signature, image]))
  assert.deepEqual(kept.contentFor([text]), new Set())
  kept.keepOnly([image])
  assert.equal(kept.of(bill).length, 1)
  kept.keepOnly([bill])
  assert.deepEqual([kept.of(image).length, kept.of(bill).length], [1, 1])
  kept.keepOnly([text])
  assert.deepEqual([kept.of(image), kept.of(bill), kept.of(signature)], [[], [], []])
})

test('what is found again is there once, and what was known stays', () => {
  const kept = new KeptReferrers(memoryTable<ReferrersRecord>())
  kept.add({ subject: image, referrers: [{ digest: bill, blobs: [] }] })
  kept.add({
    subject: image,
    referrers: [
      { digest: bill, blobs: [text] },
      { digest: signature, blobs: [] },
    ],
  })
  assert.deepEqual(kept.of(image), [
    { digest: bill, blobs: [text] },
    { digest: signature, blobs: [] },
  ])
})
