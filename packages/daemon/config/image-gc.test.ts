import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageGcOf } from './image-gc.ts'

test('image-gc: sizes, times and what stays', () => {
  assert.equal(imageGcOf(undefined), null)
  assert.deepEqual(imageGcOf({ keepBytes: '20GB' }), { keepBytes: 20e9, keepTagged: true })
  assert.deepEqual(imageGcOf({ unusedFor: '168h', keepTagged: 'false' }), {
    unusedFor: 168 * 3_600_000,
    keepTagged: false,
  })
  assert.deepEqual(imageGcOf({ keepBytes: '1.5k', unusedFor: '1h30m' }), {
    keepBytes: 1500,
    unusedFor: 5_400_000,
    keepTagged: true,
  })
  assert.deepEqual(imageGcOf({ keepBytes: 20_000_000_000, unusedFor: 90, keepTagged: false }), {
    keepBytes: 20e9,
    unusedFor: 90_000,
    keepTagged: false,
  })
  assert.deepEqual(imageGcOf({ keepBytes: '2GiB' }), { keepBytes: 2 * 1024 ** 3, keepTagged: true })
  for (const wrong of [
    {},
    { keepTagged: 'true' },
    { keepBytes: '20 pints' },
    { keepBytes: '-1' },
    { keepBytes: -1 },
    { keepBytes: true },
    { keepBytes: 1e30 },
    { unusedFor: -1 },
    { unusedFor: [1] },
    { unusedFor: '1h', keepTagged: 1 },
    { unusedFor: '7d' },
    { unusedFor: '1h', keepTagged: 'yes' },
    { unusedFor: '1h', keep: '1' },
  ] as Record<string, unknown>[])
    assert.throws(
      () => imageGcOf(wrong),
      { kind: 'InvalidParameter', message: /^invalid image-gc: / },
      JSON.stringify(wrong),
    )
})
