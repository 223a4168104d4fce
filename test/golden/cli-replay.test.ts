/** The recorded sessions of Docker's command line, with Gantry's command line and engine. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { repository, run, suiteDaemon } from '../e2e/harness.ts'
import { classicCommands, missingCommands, Replay, scenarios } from './cli-replay.ts'
import { describe } from './difference.ts'
import { importBusybox } from './engine-state.ts'

const hasDocker = (await run('docker', ['--version'])).exitCode === 0

suite("Docker's recorded sessions", { concurrency: 1 }, () => {
  let replay: Replay
  // Hooks run in this order: the daemon must be the last to go.
  after(() => replay?.[Symbol.asyncDispose]())
  const daemon = suiteDaemon({ busybox: false })

  before(async () => {
    const { root, socket } = daemon()
    await importBusybox(socket)
    replay = await Replay.open({
      cli: process.env.GANTRY_BINARY ?? `${repository}dist/gantry`,
      socket,
      names: {
        program: 'gantry',
        paths: { [`${root}/data`]: '/var/lib/docker', [`${root}/exec`]: '/var/run/docker' },
      },
      pair: { cli: true, engine: true },
      ...(hasDocker && { fallback: { cli: 'docker', commands: [...missingCommands(), ...classicCommands] } }),
    })
  })
  for (const scenario of scenarios()) {
    test(scenario.title, async (t) => {
      if (!hasDocker && scenario.steps.some(({ cmd }) => usesMissing(cmd))) {
        t.skip("a command that only Docker's command line has")
        return
      }
      const { skipped, unexpected, expected } = await replay.run(scenario)
      if (skipped) t.skip(skipped)
      for (const { expectation } of expected)
        if (expectation.open) t.diagnostic(`open: ${expectation.reason}`)
      assert.equal(unexpected.map(describe).join('\n\n'), '')
    })
  }
})

const missing = [...missingCommands(), ...classicCommands]
const usesMissing = (command: string): boolean =>
  missing.some((name) => new RegExp(`docker ${name}\\b`).test(command))
