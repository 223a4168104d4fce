/** Health checks as users see them, and what Docker does not have: --health-on-failure, wait --state, run --wait. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { suiteDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

interface Health {
  Status: string
  FailingStreak: number
  Log: { ExitCode: number; Output: string }[]
}

suite('health checks', { concurrency: atOnce(3) }, () => {
  const daemon = suiteDaemon()

  const checked = async (name: string, flags: string[], command = ['sleep', '600']) => {
    const every = ['--health-interval', '200ms', '--health-retries', '1']
    const result = await daemon().docker([
      'run',
      '-d',
      '--name',
      name,
      ...every,
      ...flags,
      'busybox',
      ...command,
    ])
    assert.equal(result.exitCode, 0, result.stderr)
    return result.stdout.trim()
  }
  const healthOf = async (name: string): Promise<Health> =>
    JSON.parse((await daemon().docker(['inspect', '-f', '{{json .State.Health}}', name])).stdout)

  test('a check that hangs is killed with its children, one that floods is cut off, one that forks ends', async () => {
    await checked('hangs', [
      '--health-cmd',
      'echo part; sleep 777 & sleep 778; true',
      '--health-timeout',
      '6s',
    ])
    await checked('floods', ['--health-cmd', 'yes | head -c 2000000; exit 3'])
    await checked('forks', ['--health-cmd', 'sleep 60 & echo ok', '--health-timeout', '60s'])
    await until(
      'a verdict on each',
      async () => {
        const all = await Promise.all(['hangs', 'floods', 'forks'].map(healthOf))
        return all.every(({ Log }) => Log.length > 1)
      },
      120,
    )
    const [hangs, floods, forks] = await Promise.all(['hangs', 'floods', 'forks'].map(healthOf))
    assert.deepEqual(
      [hangs?.Log[0]?.ExitCode, hangs?.Log[0]?.Output],
      [-1, 'Health check exceeded timeout (6s): part\n'],
    )
    assert.deepEqual([floods?.Log[0]?.ExitCode, floods?.Log[0]?.Output.length], [3, 4099])
    assert.deepEqual([forks?.Status, forks?.Log[0]?.Output], ['healthy', 'ok\n'])
    // No more than the checks of the moment.
    const { stdout } = await daemon().docker(['top', 'hangs'])
    const running = (command: string) => stdout.split('\n').filter((line) => line.endsWith(` ${command}`))
    for (const command of ['sleep 777', 'sleep 778']) assert.ok(running(command).length <= 1, stdout)
    await daemon().docker(['rm', '-f', 'hangs', 'floods', 'forks'])
  })

  test('a pause calls the check off: no verdict, and the health stays what it was', async () => {
    await checked('paused', ['--health-cmd', 'test ! -e /slow || sleep 60'])
    await until('healthy', async () => (await healthOf('paused')).Status === 'healthy')
    await daemon().docker(['exec', 'paused', 'touch', '/slow'])
    const checking = async () => (await daemon().docker(['top', 'paused'])).stdout.includes('sleep 60\n')
    await until('a check that takes long', checking)
    assert.equal((await daemon().docker(['pause', 'paused'])).exitCode, 0)
    const { Log } = await healthOf('paused')
    await sleep(500)
    assert.deepEqual(await healthOf('paused'), { Status: 'healthy', FailingStreak: 0, Log })
    await daemon().docker(['unpause', 'paused'])
    assert.equal((await daemon().docker(['exec', 'paused', 'rm', '/slow'])).exitCode, 0)
    await daemon().docker(['rm', '-f', 'paused'])
  })

  test('ps filters by health', async () => {
    await checked('fine', ['--health-cmd', 'true'])
    await checked('sick', ['--health-cmd', 'false'])
    await daemon().docker(['run', '-d', '--name', 'unchecked', '--no-healthcheck', 'busybox', 'sleep', '600'])
    const names = async (health: string) =>
      (await daemon().docker(['ps', '--filter', `health=${health}`, '--format', '{{.Names}}'])).stdout.split(
        '\n',
      )
    await until('their health', async () => (await names('healthy')).includes('fine'))
    await until('their health', async () => (await names('unhealthy')).includes('sick'))
    assert.ok((await names('none')).includes('unchecked'))
    await daemon().docker(['rm', '-f', 'fine', 'sick', 'unchecked'])
  })

  test('--health-on-failure ends the container as asked', async () => {
    const trap = ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done']
    for (const action of ['kill', 'stop', 'restart']) {
      const flags = ['--health-on-failure', action, '--health-cmd', 'false', '--health-interval', '200ms']
      const result = await daemon().gantry([
        'run',
        '-d',
        '--name',
        action,
        ...flags,
        '--health-retries',
        '1',
        'busybox',
        ...trap,
      ])
      assert.equal(result.exitCode, 0, result.stderr)
    }
    const stateOf = async (name: string) =>
      (
        await daemon().gantry([
          'inspect',
          '-f',
          '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}',
          name,
        ])
      ).stdout.trim()
    await until('kill', async () => (await stateOf('kill')) === 'exited 137 0')
    await until('stop', async () => (await stateOf('stop')) === 'exited 5 0')
    await until('restart', async () => Number((await stateOf('restart')).split(' ')[2]) >= 2)
    await daemon().gantry(['stop', 'restart'])
    assert.match(await stateOf('restart'), /^exited 5 /)
    await daemon().gantry(['rm', 'kill', 'stop', 'restart'])
  })

  test('run --wait returns when the container is up, and tells why it did not come up', async () => {
    const wait = (name: string, flags: string[], command: string) =>
      daemon().gantry([
        'run',
        '-d',
        '--wait',
        '--name',
        name,
        '--health-interval',
        '200ms',
        ...flags,
        'busybox',
        'sh',
        '-c',
        command,
      ])
    const up = await wait('up', ['--health-cmd', 'test -e /up'], 'sleep 0.5; touch /up; sleep 600')
    assert.equal(up.exitCode, 0, up.stderr)
    assert.equal((await healthOf('up')).Status, 'healthy')
    const down = await wait(
      'down',
      ['--health-cmd', 'false', '--health-retries', '9'],
      'echo why; sleep 0.5; exit 7',
    )
    assert.equal(down.exitCode, 7)
    assert.match(down.stderr, /ended with exit code 7 before it was healthy\nwhy\n.*gantry logs/s)
    const late = await wait(
      'late',
      ['--health-cmd', 'false', '--health-retries', '9', '--wait-timeout', '700ms'],
      'sleep 600',
    )
    assert.equal(late.exitCode, 124)
    const plain = await daemon().gantry(['run', '-d', '--rm', '--wait', 'busybox', 'true'])
    assert.equal(plain.exitCode, 0, plain.stderr)

    const states = await daemon().gantry(['wait', '--state', 'healthy,exited', 'up', 'down'])
    assert.equal(states.stdout, 'healthy\nexited\n')
    const timeout = await daemon().gantry(['wait', '--timeout', '300ms', '--state', 'paused', 'up'])
    assert.deepEqual(
      [timeout.exitCode, timeout.stderr.trim()],
      [124, 'timed out waiting for up to be paused'],
    )
    const over = await daemon().gantry(['wait', '--state', 'running,healthy', 'down'])
    assert.equal(over.exitCode, 1)
    assert.match(
      over.stderr,
      /container [0-9a-f]{64} ended with exit code 7 before it was running or healthy\n/,
    )

    const paused = daemon().gantry(['wait', '--state', 'paused', 'up'])
    await daemon().gantry(['pause', 'up'])
    assert.equal((await paused).stdout, 'paused\n')
    assert.match(
      (await daemon().gantry(['wait', '--state', 'asleep', 'up'])).stderr,
      /invalid condition: "asleep"/,
    )
    await daemon().gantry(['rm', '-f', 'up', 'down', 'late'])
  })
})
