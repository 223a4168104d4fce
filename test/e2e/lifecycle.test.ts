/** Watching, stopping and removing containers, through both commands. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { okBy } from './commands.ts'
import { type CommandOptions, type CommandResult, suiteDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

type Command = (args: readonly string[], options?: CommandOptions) => Promise<CommandResult>

for (const name of ['gantry', 'docker'] as const) {
  suite(`life of a container, by ${name}`, { concurrency: atOnce(2) }, () => {
    const daemon = suiteDaemon()
    const command: Command = (args, options) => daemon()[name](args, options)

    /** Runs a command that must succeed; its stdout without the last newline. */
    const ok = okBy((args) => command(args))

    test('create, start, stop, start again, restart, remove', async () => {
      await ok('create', '--name', 'life', '--stop-timeout', '1', 'busybox', 'sleep', '600')
      assert.match(await ok('ps', '-a', '--filter', 'name=life', '--format', '{{.Status}}'), /^Created$/)
      assert.equal(await ok('start', 'life'), 'life')
      assert.match(await ok('ps', '--filter', 'name=life', '--format', '{{.Status}}'), /^Up /)
      assert.equal(await ok('stop', 'life'), 'life')
      assert.match(
        await ok('ps', '-a', '--filter', 'name=life', '--format', '{{.Status}}'),
        /^Exited \(137\) /,
      )
      assert.equal(await ok('stop', 'life'), 'life', 'stopping a stopped container is no error')
      assert.equal(await ok('start', 'life'), 'life')
      const before = await ok('inspect', '-f', '{{.State.Pid}}', 'life')
      assert.equal(await ok('restart', '-t', '0', 'life'), 'life')
      assert.notEqual(await ok('inspect', '-f', '{{.State.Pid}}', 'life'), before)
      const refused = await command(['rm', 'life'])
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /cannot remove|container is running|You cannot remove a running container/)
      assert.equal(await ok('rm', '-f', 'life'), 'life')
      assert.equal((await command(['inspect', 'life'])).exitCode, 1)
    })

    test('stop sends the stop signal first and waits', async () => {
      await ok(
        ...['run', '-d', '--name', 'polite', '--stop-signal', 'USR1', 'busybox', 'sh', '-c'],
        'trap "echo bye; exit 7" USR1; echo ready; while :; do sleep 0.05; done',
      )
      await until('the trap', async () => (await ok('logs', 'polite')).includes('ready'))
      await ok('stop', 'polite')
      assert.equal(await ok('logs', 'polite'), 'ready\nbye')
      assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'polite'), '7')
      await ok('rm', 'polite')
    })

    test('kill with a signal, wait prints the exit code', async () => {
      await ok('run', '-d', '--name', 'killed', 'busybox', 'sleep', '600')
      const waiting = ok('wait', 'killed')
      await ok('kill', '-s', 'TERM', 'killed')
      await sleep(200)
      await ok('kill', 'killed')
      assert.equal(await waiting, '137')
      const again = await command(['kill', 'killed'])
      assert.equal(again.exitCode, 1)
      assert.match(again.stderr, /is not running/)
      await ok('rm', 'killed')
    })

    test('rename, and lookups by prefix', async () => {
      const id = await ok('create', '--name', 'old-name', 'busybox')
      await ok('rename', 'old-name', 'new-name')
      assert.equal(await ok('inspect', '-f', '{{.Name}}', id.slice(0, 12)), '/new-name')
      assert.match(
        (await command(['rename', 'new-name', 'not/valid'])).stderr,
        /Invalid container name \(\/not\/valid\)/,
      )
      await ok('rm', id.slice(0, 10))
    })

    test('a prefix of several ids names none of them', async () => {
      const ids: string[] = []
      while (new Set(ids.map((id) => id[0])).size === ids.length) ids.push(await ok('create', 'busybox'))
      const prefix = ids.at(-1)?.[0] ?? ''
      const result = await command(['start', prefix])
      assert.equal(result.exitCode, 1)
      assert.match(result.stderr, /multiple IDs found with provided prefix: |No such container: /)
      await ok('rm', ...ids)
    })

    test('logs: streams, tail, timestamps, follow until the end', async () => {
      await ok('run', '--name', 'logs', 'busybox', 'sh', '-c', 'echo one; echo two >&2; printf three')
      const all = await command(['logs', 'logs'])
      assert.deepEqual([all.stdout, all.stderr], ['one\nthree', 'two\n'])
      assert.equal(await ok('logs', '--tail', '1', 'logs'), 'three')
      assert.match(await ok('logs', '-t', 'logs'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one\n/)
      assert.equal(await ok('logs', '--since', '1h', '--tail', '1', 'logs'), 'three')
      assert.equal(await ok('logs', '--until', '2001-01-01', 'logs'), '')
      await ok('rm', 'logs')

      await ok(
        'run',
        '-d',
        '--name',
        'follow',
        'busybox',
        'sh',
        '-c',
        'for i in 1 2 3; do echo $i; sleep 0.2; done',
      )
      assert.equal(await ok('logs', '-f', 'follow'), '1\n2\n3')
      await ok('rm', 'follow')
    })

    test('attach sees what comes, and its exit code is the container’s', async () => {
      await ok(
        'run',
        '-d',
        '-i',
        '--name',
        'attached',
        'busybox',
        'sh',
        '-c',
        'read line; echo got $line; exit 4',
      )
      const result = await command(['attach', 'attached'], { input: 'something\n' })
      assert.deepEqual([result.stdout, result.exitCode], ['got something\n', 4])
      await ok('rm', 'attached')
    })

    test('start -a -i', async () => {
      await ok('create', '-i', '--name', 'started', 'busybox', 'cat')
      const result = await command(['start', '-a', '-i', 'started'], { input: 'piped' })
      assert.deepEqual([result.stdout, result.exitCode], ['piped', 0])
      await ok('rm', 'started')
    })

    test('exec: output, exit codes, user, directory, environment, stdin, detached', async () => {
      await ok('run', '-d', '--name', 'exec', 'busybox', 'sleep', '600')
      assert.equal(await ok('exec', 'exec', 'echo', 'hi'), 'hi')
      const failed = await command(['exec', 'exec', 'sh', '-c', 'echo out; echo err >&2; exit 5'])
      assert.deepEqual([failed.stdout, failed.stderr, failed.exitCode], ['out\n', 'err\n', 5])
      assert.equal(
        await ok(
          'exec',
          '-u',
          'daemon',
          '-w',
          '/tmp',
          '-e',
          'A=b',
          'exec',
          'sh',
          '-c',
          'id -un; pwd; echo $A',
        ),
        'daemon\n/tmp\nb',
      )
      const piped = await command(['exec', '-i', 'exec', 'cat'], { input: 'through' })
      assert.equal(piped.stdout, 'through')
      const missing = await command(['exec', 'exec', 'nosuchcmd'])
      assert.match(missing.stderr + missing.stdout, /executable file not found in \$PATH/)
      assert.ok([126, 127].includes(missing.exitCode))
      await ok('exec', '-d', 'exec', 'touch', '/tmp/detached')
      await until(
        'the detached exec',
        async () => (await command(['exec', 'exec', 'test', '-e', '/tmp/detached'])).exitCode === 0,
      )
      await ok('stop', '-t', '0', 'exec')
      assert.match((await command(['exec', 'exec', 'true'])).stderr, /is not running/)
      await ok('rm', 'exec')
    })

    test('restart policy: on-failure gives up after its retries', async () => {
      await ok('run', '-d', '--name', 'failing', '--restart', 'on-failure:2', 'busybox', 'false')
      await until(
        'two retries',
        async () =>
          (await ok('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'failing')) === '2 exited',
      )
      await ok('rm', 'failing')
    })

    test('restart policy: always, until it is stopped', async () => {
      await ok('run', '-d', '--name', 'always', '--restart', 'always', 'busybox', 'sleep', '600')
      const pid = Number(await ok('inspect', '-f', '{{.State.Pid}}', 'always'))
      process.kill(pid, 'SIGKILL')
      await until('the restart', async () => {
        const [status, now] = (await ok('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', 'always')).split(
          ' ',
        )
        return status === 'running' && Number(now) !== pid && Number(now) > 0
      })
      await ok('stop', '-t', '0', 'always')
      await sleep(400)
      assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'always'), 'exited')
      await ok('rm', 'always')
    })

    test('health checks turn healthy and unhealthy', async () => {
      await ok(
        ...[
          'run',
          '-d',
          '--name',
          'health',
          '--health-cmd',
          'test -e /tmp/well',
          '--health-interval',
          '200ms',
        ],
        ...['--health-retries', '2', 'busybox', 'sh', '-c', 'touch /tmp/well; sleep 600'],
      )
      const health = () => ok('inspect', '-f', '{{.State.Health.Status}}', 'health')
      await until('healthy', async () => (await health()) === 'healthy')
      assert.match(await ok('ps', '--filter', 'health=healthy', '--format', '{{.Status}}'), /\(healthy\)/)
      await ok('exec', 'health', 'rm', '/tmp/well')
      await until('unhealthy', async () => (await health()) === 'unhealthy')
      await ok('rm', '-f', 'health')
    })

    test('pause stops the processes, unpause lets them go on', async () => {
      await ok(
        'run',
        '-d',
        '--name',
        'paused',
        'busybox',
        'sh',
        '-c',
        'while :; do date +%s%N > /tmp/tick; sleep 0.02; done',
      )
      await ok('pause', 'paused')
      assert.match(await ok('ps', '--filter', 'name=paused', '--format', '{{.Status}}'), /\(Paused\)$/)
      assert.match((await command(['exec', 'paused', 'true'])).stderr, /is paused/)
      await ok('unpause', 'paused')
      assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'paused'), 'running')
      await ok('rm', '-f', 'paused')
    })

    test('top shows the processes, port the published ports', async () => {
      await ok('run', '-d', '--name', 'seen', '-p', '127.0.0.1::80', 'busybox', 'sleep', '600')
      assert.match(await ok('top', 'seen'), /^UID\s+PID\s+PPID\s+C\s+STIME\s+TTY\s+TIME\s+CMD\n.*sleep 600$/)
      assert.match(await ok('port', 'seen'), /^80\/tcp -> 127\.0\.0\.1:\d+$/)
      await ok('rm', '-f', 'seen')
    })

    test('ps filters and formats', async () => {
      await ok('create', '--name', 'listed-1', '--label', 'tier=web', '--label', 'x', 'busybox')
      await ok('create', '--name', 'listed-2', '--label', 'tier=db', 'busybox')
      const names = (...filters: string[]) =>
        ok('ps', '-a', ...filters.flatMap((filter) => ['--filter', filter]), '--format', '{{.Names}}')
      assert.equal(await names('label=tier=web'), 'listed-1')
      assert.equal(await names('label=tier', 'name=listed'), 'listed-2\nlisted-1')
      assert.equal(await names('name=listed', 'status=created', 'before=listed-2'), 'listed-1')
      assert.equal(await names('ancestor=busybox', 'since=listed-1', 'name=listed'), 'listed-2')
      assert.match((await command(['ps', '--filter', 'nosuch=1'])).stderr, /[Ii]nvalid filter 'nosuch/)
      assert.equal(
        await ok('ps', '-a', '--filter', 'name=listed-1', '--format', '{{json .Labels}}'),
        '"tier=web,x="',
      )
      await ok('rm', 'listed-1', 'listed-2')
    })

    test('rm of several says what failed and removes the rest', async () => {
      await ok('create', '--name', 'some-1', 'busybox')
      const result = await command(['rm', 'some-1', 'nosuch'])
      assert.deepEqual([result.stdout, result.exitCode], ['some-1\n', 1])
      assert.match(result.stderr, /No such container: nosuch/)
    })
  })
}
