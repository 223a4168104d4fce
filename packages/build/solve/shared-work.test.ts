import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Participant, SharedWork } from './shared-work.ts'

interface Job {
  signal: AbortSignal
  audience: ReadonlySet<string>
  end: PromiseWithResolvers<string>
}

/** Work that ends when the test says so, or some turns after it is aborted, as real work does. */
function workbench() {
  const shared = new SharedWork<string, string>()
  const jobs: Job[] = []
  const join = (name: string, { lends = false } = {}) => {
    const abort = new AbortController()
    const participant: Participant<string, string> = {
      signal: abort.signal,
      report: name,
      lends,
      begin(signal, audience) {
        const end = Promise.withResolvers<string>()
        signal.addEventListener('abort', () => setImmediate(() => end.reject(new Error('ended'))))
        jobs.push({ signal, audience, end })
        return end.promise
      },
    }
    const result = shared.join('key', participant)
    result.catch(() => undefined)
    return { result, leave: () => abort.abort(new Error(`${name} has left`)) }
  }
  const job = (index: number): Job => jobs[index] ?? assert.fail(`no job ${index}`)
  return { join, jobs, job }
}

const limit = { timeout: 30_000 }
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('work that needs nothing of whoever began it goes on when that one leaves', limit, async () => {
  const { join, jobs, job } = workbench()
  const [first, second] = [join('first'), join('second')]
  assert.deepEqual([...job(0).audience], ['first', 'second'])
  first.leave()
  await assert.rejects(first.result, /first has left/)
  assert.deepEqual([...job(0).audience], ['second'])
  assert.equal(job(0).signal.aborted, false)
  job(0).end.resolve('made')
  assert.equal(await second.result, 'made')
  assert.equal(jobs.length, 1)
})

test(
  'work that reads what is lent is ended before its lender leaves, and begun anew by another',
  limit,
  async () => {
    const { join, jobs, job } = workbench()
    const members = [
      join('first', { lends: true }),
      join('second', { lends: true }),
      join('third', { lends: true }),
    ]
    const [first, second, third] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]]
    first.leave()
    await assert.rejects(first.result, /first has left/)
    await assert.rejects(job(0).end.promise, /ended/)
    await turn()
    assert.equal(jobs.length, 2)
    assert.deepEqual([...job(1).audience].sort(), ['second', 'third'])
    job(1).end.resolve('made')
    assert.deepEqual([await second.result, await third.result], ['made', 'made'])
  },
)

test('somebody else than the lender may leave', limit, async () => {
  const { join, jobs, job } = workbench()
  const [first, second] = [join('first', { lends: true }), join('second', { lends: true })]
  second.leave()
  await assert.rejects(second.result, /second has left/)
  job(0).end.resolve('made')
  assert.equal(await first.result, 'made')
  assert.equal(jobs.length, 1)
})

test('a failure is everybody’s, but not where the work read what one of them had lent', limit, async () => {
  const plain = workbench()
  const both = [plain.join('first'), plain.join('second')]
  plain.job(0).end.reject(new Error('broken'))
  for (const { result } of both) await assert.rejects(result, /broken/)
  assert.equal(plain.jobs.length, 1)

  const lent = workbench()
  const [first, second] = [lent.join('first', { lends: true }), lent.join('second', { lends: true })]
  lent.job(0).end.reject(new Error('wrong secret'))
  await assert.rejects(first.result, /wrong secret/)
  await turn()
  lent.job(1).end.resolve('made')
  assert.equal(await second.result, 'made')
})

test('when all leave, the work is ended before the last of them hears so', limit, async () => {
  const { join, job } = workbench()
  const [first, second] = [join('first'), join('second')]
  first.leave()
  second.leave()
  let hasEnded = false
  job(0).end.promise.catch(() => {
    hasEnded = true
  })
  await assert.rejects(second.result, /second has left/)
  assert.ok(hasEnded)
})

test('who comes while given up work is still ending begins it anew', limit, async () => {
  const { join, jobs, job } = workbench()
  const first = join('first')
  const aborted = once(job(0).signal, 'abort')
  first.leave()
  await aborted
  const second = join('second')
  await assert.rejects(first.result, /first has left/)
  await turn()
  assert.equal(jobs.length, 2)
  job(1).end.resolve('made')
  assert.equal(await second.result, 'made')
})
