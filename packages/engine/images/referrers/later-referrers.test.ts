import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest, Repository } from '@gantry/oci'
import { LaterReferrers, type LaterReferrersParts } from './later-referrers.ts'

const image: Digest = `sha256:${'1'.repeat(64)}`

function bench({ referrers = true, wait = 60_000, pause = 0 } = {}) {
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
  return { later: new LaterReferrers(parts, { wait, pause }), repository, asked, answers, ended }
}

const other: Digest = `sha256:${'2'.repeat(64)}`

/** Long enough for a search that is due to have begun. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 20))

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

test('a search begins some time after the pull, or when somebody waits for it', async () => {
  const { later, repository, asked, answers, ended } = bench({ pause: 60_000 })
  later.look('a', repository, [image])
  later.look('b', repository, [other])
  await turn()
  assert.deepEqual(asked, [])
  const settled = later.settled([image])
  await turn()
  assert.deepEqual(asked, [image])
  answers[0]?.resolve([])
  await settled
  await later.close()
  assert.deepEqual(asked, [image])
  assert.deepEqual(ended, ['hold'])
})

test('without a wish for referrers nobody is asked', async () => {
  const { later, repository, asked } = bench({ referrers: false })
  later.look('a', repository, [image])
  await turn()
  assert.deepEqual(asked, [])
})

test('who hands an image on waits for what is being looked for about it, but not for ever', async () => {
  const { later, repository, answers } = bench()
  await later.settled([image])
  later.look('a', repository, [other, image])
  await turn()
  await later.settled([])
  let isSettled = false
  const settled = later.settled([image]).then(() => {
    isSettled = true
  })
  const abort = new AbortController()
  const given = later.settled([image], abort.signal)
  abort.abort()
  await given
  assert.equal(isSettled, false)
  answers[0]?.resolve([])
  await turn()
  answers[1]?.resolve([])
  await settled
  await later.settled([image])
  await later.close()

  const hasty = bench({ wait: 1 })
  hasty.later.look('a', hasty.repository, [image])
  const alive = setTimeout(() => {}, 60_000)
  await hasty.later.settled([image])
  clearTimeout(alive)
  await hasty.later.close()
})
