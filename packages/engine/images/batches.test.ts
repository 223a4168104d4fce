import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBatches } from './batches.ts'

test('others have their turn while very many items are worked on', async () => {
  const seen: (number | 'other')[] = []
  const items = Array.from({ length: 1000 }, (_, at) => at)
  setImmediate(() => seen.push('other'))
  await inBatches(items, (batch) => void seen.push(...batch))
  assert.deepEqual(
    seen.filter((each) => each !== 'other'),
    items,
  )
  assert.ok(seen.indexOf('other') < seen.length - 1)
})
