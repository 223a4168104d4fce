import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest, Repository } from '@gantry/oci'
import { LaterReferrers, type LaterReferrersParts } from './later-referrers.ts'

const image: Digest = `sha256:${'1'.repeat(64)}`

function bench(referrers = true) {
  const ended: string[] = []
  const hold = { [Symbol.asyncDispose]: async () => void ended.push('hold') }
  const parts = {
    catalog: { referrers: { of: () => [], add: () => {} }, transaction: (work: () => void) => work() },
    retention: { begin: () => hold },
    transfers: { limits: () => ({ referrers }) },
  } as unknown as LaterReferrersParts
  const asked: Digest[] = []
  const answers: PromiseWithResolvers<[]>[] = []
  const repository = {
    referrers: (subject: Digest, { signal }: { signal: AbortSignal }) => {
      asked.push(subject)
      const answer = Promise.withResolvers<[]>()
      signal.addEventListener('abort', () => answer.reject(signal.reason))
      answers.push(answer)
      return answer.promise
    },
  } as unknown as Repository
  return { later: new LaterReferrers(parts), repository, asked, answers, ended }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('an image is looked for once at a time, in each repository', async () => {
  const { later, repository, asked, answers, ended } = bench()
  later.look('a', repository, [image, image])
  later.look('a', repository, [image, image])
  later.look('b', repository, [image])
  await turn()
  assert.deepEqual(asked, [image, image])
  for (const answer of answers) answer.resolve([])
  await later.close()
  assert.deepEqual(ended, ['hold', 'hold'])
})

test('a search that has failed may be begun again', async () => {
  const { later, repository, asked, answers } = bench()
  later.look('a', repository, [image])
  await turn()
  answers[0]?.reject(new Error('no route'))
  await turn()
  later.look('a', repository, [image])
  await turn()
  assert.equal(asked.length, 2)
  await later.close()
})

test('closed, it gives up what goes on, holds nothing, and begins nothing', async () => {
  const { later, repository, asked, ended } = bench()
  later.look('a', repository, [image])
  await turn()
  await later.close()
  assert.deepEqual(ended, ['hold'])
  later.look('b', repository, [image])
  assert.equal(asked.length, 1)
})

test('without a wish for referrers nobody is asked', async () => {
  const { later, repository, asked } = bench(false)
  later.look('a', repository, [image])
  await turn()
  assert.deepEqual(asked, [])
})
