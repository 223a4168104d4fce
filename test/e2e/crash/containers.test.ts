/**
 * The daemon is killed at every step of a container's life, and the next one finds everything in order: what ran runs on,
 * what ended has its exit code, what was half done is finished or gone.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ContainerFaultPoint, containerFaultPoints } from '@gantry/engine'
import { until } from '../harness.ts'
import { crashAt, faultyDaemon, nothingRemains, ok } from './faulty-daemon.ts'

/** Points that the life of an ordinary container does not come to: each has a test of its own. */
const ownTests: readonly ContainerFaultPoint[] = [
  'container.health.unhealthy',
  'container.update.recorded',
  'container.update.applied',
]

/** A life that comes to every point. */
const life = [
  ['run', '-d', '--name', 'victim', '-v', 'data:/data', '-p', '127.0.0.1::80', 'busybox', 'sleep', '600'],
  ['exec', 'victim', 'true'],
  ['pause', 'victim'],
  ['unpause', 'victim'],
  ['rename', 'victim', 'renamed'],
  ['rename', 'renamed', 'victim'],
  ['restart', '-t', '0', 'victim'],
  ['stop', '-t', '0', 'victim'],
  ['rm', '-v', 'victim'],
]

/** What must have come of an operation that was interrupted; of any other it is one of these. */
const outcomes: Record<string, string[]> = {
  pause: ['paused'],
  unpause: ['running'],
  restart: ['running'],
}
const anyOutcome = ['', 'created', 'running', 'exited']

suite('kill -9 of the daemon in the life of a container', () => {
  const suiteDaemon = faultyDaemon()

  for (const point of containerFaultPoints.filter((name) => !ownTests.includes(name))) {
    test(`at ${point}`, async () => {
      const daemon = suiteDaemon()
      await crashAt(daemon, point, life)
      await daemon.gantry(['rename', 'renamed', 'victim'])
      // A restart that was interrupted is finished.
      if (point.includes('restart'))
        await daemon.gantry(['wait', '--state', 'running', '--timeout', '60s', 'victim'])
      const status = (await daemon.gantry(['inspect', '-f', '{{.State.Status}}', 'victim'])).stdout.trim()
      const states = outcomes[point.split('.')[1] ?? ''] ?? anyOutcome
      assert.ok(states.includes(status), `state ${status}`)
      if (status === 'paused') await ok(daemon, 'unpause', 'victim')
      if (status !== '') {
        if (!['running', 'paused'].includes(status)) await ok(daemon, 'start', 'victim')
        assert.equal(await ok(daemon, 'exec', 'victim', 'echo', 'alive'), 'alive')
        await ok(daemon, 'rm', '-f', '-v', 'victim')
      }
      // The name, the volume and the addresses are free again.
      await ok(daemon, 'run', '--rm', '--name', 'victim', '-v', 'data:/data', 'busybox', 'true')
      await ok(daemon, 'volume', 'rm', 'data')
      await nothingRemains(daemon)
    })
  }

  test('at container.health.unhealthy: the next daemon ends the container', async () => {
    const daemon = suiteDaemon()
    const check = ['--health-cmd', 'false', '--health-interval', '100ms', '--health-retries', '1']
    const options = ['-d', '--name', 'victim', ...check, '--health-on-failure', 'kill']
    await crashAt(daemon, 'container.health.unhealthy', [['run', ...options, 'busybox', 'sleep', '600']])
    const state = () => ok(daemon, 'inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'victim')
    await until('its end', async () => (await state()) === 'exited 137')
    await ok(daemon, 'rm', 'victim')
  })
})

suite('a step that fails in the life of a container', () => {
  const suiteDaemon = faultyDaemon()

  for (const point of containerFaultPoints.filter((name) => /container\.(create|start)/.test(name))) {
    test(`at ${point} is undone`, async () => {
      const daemon = suiteDaemon()
      await daemon.arm(`${point}:fail`)
      const options = ['--name', 'victim', '-v', 'data:/data', '-p', '127.0.0.1::80']
      const result = await daemon.gantry(['run', ...options, 'busybox', 'true'])
      assert.equal(result.exitCode, 125, JSON.stringify(result))
      assert.match(result.stderr, /fault injected/)
      await daemon.arm(null)
      await daemon.gantry(['rm', 'victim'])
      await daemon.gantry(['volume', 'rm', 'data'])
      await nothingRemains(daemon)
    })
  }

  for (const point of containerFaultPoints.filter((name) => name.startsWith('exec.start'))) {
    test(`at ${point} leaves no process`, async () => {
      const daemon = suiteDaemon()
      await ok(daemon, 'run', '-d', '--name', 'box', 'busybox', 'sleep', '600')
      await daemon.arm(`${point}:fail`)
      const result = await daemon.gantry(['exec', 'box', 'sleep', '500'])
      await daemon.arm(null)
      assert.match(result.stdout, /fault injected/)
      assert.notEqual(result.exitCode, 0)
      await until('the process to go', async () => !(await ok(daemon, 'top', 'box')).includes('sleep 500'))
      assert.equal(await ok(daemon, 'inspect', '-f', '{{.ExecIDs}}', 'box'), '[]')
      await ok(daemon, 'rm', '-f', 'box')
      await nothingRemains(daemon)
    })
  }

  test('and nothing was kept for the next daemon', async () => {
    const daemon = suiteDaemon()
    await daemon.stop()
    await daemon.start()
    assert.equal(await ok(daemon, 'ps', '-aq'), '')
    await nothingRemains(daemon)
  })
})
