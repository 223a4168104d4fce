/** The recorded requests and answers of Docker's engine, with Gantry's. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { run, suiteDaemon } from '../e2e/harness.ts'
import { ApiReplay, exchanges } from './api-replay.ts'
import { importBusybox } from './engine-state.ts'

const hasDocker = (await run('docker', ['--version'])).exitCode === 0

suite("Docker's recorded requests", {
  concurrency: 1,
  skip: !hasDocker && "Docker's command line is not here",
}, () => {
  let replay: ApiReplay
  // Hooks run in this order: the daemon must be the last to go.
  after(() => replay?.[Symbol.asyncDispose]())
  const daemon = suiteDaemon({ busybox: false })

  before(async () => {
    const { root, socket } = daemon()
    await importBusybox(socket)
    replay = await ApiReplay.open({
      socket,
      paths: { [`${root}/data`]: '/var/lib/docker', [`${root}/exec`]: '/var/run/docker' },
      pair: { cli: false, engine: true },
    })
  })

  for (const recorded of exchanges()) {
    test(`${recorded.id}: ${recorded.method} ${recorded.path}`, async (t) => {
      const { skipped, differences, expectation } = await replay.run(recorded)
      if (skipped) t.skip(skipped)
      if (expectation?.open) t.diagnostic(`open: ${expectation.reason}`)
      if (!expectation) assert.deepEqual(differences, [])
    })
  }
})
