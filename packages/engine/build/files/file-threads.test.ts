import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FileThreads } from './file-threads.ts'

/** A thread that ends, or answers, as it is told. */
const program = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ job }) => {
      if (job.root === 'exit') process.exit(1)
      if (job.root === 'throw') throw new Error('thrown')
      parentPort.postMessage({ kind: 'done', answer: job.root })
    })`)}`,
)

test('a thread that has ended is given no other job', { timeout: 120_000 }, async (t) => {
  const threads = new FileThreads(program)
  t.after(() => threads.close())
  const run = (root: string) => threads.run({ kind: 'packages', root })
  assert.equal(await run('one'), 'one')
  await assert.rejects(run('exit'), /ended without a result/)
  assert.equal(await run('two'), 'two')
  await assert.rejects(run('throw'), /thrown/)
  assert.equal(await run('three'), 'three')
})
