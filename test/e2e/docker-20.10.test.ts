/** Docker's command line of 2020 (API 1.41) against today's daemon: a first day's work with every kind of object. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { leavesNothing } from './daemon-state.ts'
import { type CommandOptions, type CommandResult, run, suiteDaemon, until } from './harness.ts'
import { oldDocker } from './old-docker.ts'
import { hasSize, openTerminal } from './terminal.ts'

const found = await oldDocker()

suite("Docker's command line 20.10", { skip: 'missing' in found && found.missing, concurrency: 1 }, () => {
  const docker = 'path' in found ? found.path : ''
  const daemon = suiteDaemon()

  const client = (args: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
    run(docker, ['-H', daemon().host, ...args], options)

  const ok = okBy((args) => client(args))

  test('version and info', async () => {
    assert.match(await ok('version'), /Server: Gantry[\s\S]*API version: +1\.55 \(minimum version 1\.24\)/)
    assert.match(await ok('version', '-f', '{{.Client.APIVersion}} {{.Server.Os}}'), /^1\.41 linux$/)
    assert.match(await ok('info'), /Storage Driver: overlay2[\s\S]*Cgroup Version: [12]/)
  })

  test('run: output, exit codes, stdin, what is refused', () =>
    leavesNothing(daemon(), async () => {
      const both = await client(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3'])
      assert.deepEqual(both, { stdout: 'out\n', stderr: 'err\n', exitCode: 3 })
      const piped = await client(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'a\nb' })
      assert.deepEqual(piped, { stdout: 'a\nb', stderr: '', exitCode: 0 })
      const refused = async (args: string[], exitCode: number, message: RegExp) => {
        const result = await client(['run', '--rm', ...args])
        assert.match(result.stderr, message)
        assert.equal(result.exitCode, exitCode, args.join(' '))
      }
      await refused(['busybox', 'nosuchcmd'], 127, /exec: "nosuchcmd": executable file not found in \$PATH/)
      await refused(['busybox', '/etc/passwd'], 126, /permission denied/)
      await refused(['--pull', 'never', 'nothing:here', 'true'], 125, /No such image: nothing:here/)
      await refused(['-p', '127.0.0.1:99999:1', 'busybox', 'true'], 125, /Invalid hostPort: 99999/)
      await refused(
        ['--mount', 'type=bind,src=/no/such,dst=/d', 'busybox'],
        125,
        /bind source path does not exist/,
      )
    }))

  test('run -d, ps, logs, exec, port, inspect, top, rename, pause, stop, start, rm', () =>
    leavesNothing(daemon(), async () => {
      const script = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'
      const id = await ok(
        'run',
        '-d',
        '--name',
        'day',
        '-p',
        '18441:80',
        '--mac-address',
        '02:42:00:00:00:14',
        'busybox',
        'sh',
        '-c',
        script,
      )
      assert.match(id, /^[0-9a-f]{64}$/)
      await until('the log', async () => (await ok('logs', 'day')) === 'ready')
      assert.match(await ok('logs', '-t', '--tail', '1', 'day'), /^\d{4}-\d\d-\d\dT[\d:.]+Z ready$/)
      assert.match(
        await ok('ps', '--format', '{{.ID}} {{.Names}} {{.Ports}}'),
        new RegExp(`^${id.slice(0, 12)} day 0\\.0\\.0\\.0:18441->80/tcp(, :::18441->80/tcp)?$`),
      )
      assert.match(await ok('ps'), /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/)
      assert.equal(await ok('port', 'day', '80').then((text) => text.split('\n')[0]), '0.0.0.0:18441')
      assert.equal(
        await ok('inspect', '-f', '{{.Config.MacAddress}} {{.NetworkSettings.MacAddress}}', 'day'),
        '02:42:00:00:00:14 02:42:00:00:00:14',
      )
      assert.equal(await ok('exec', '-e', 'A=1', '-w', '/tmp', 'day', 'sh', '-c', 'echo $A $PWD'), '1 /tmp')
      const input = await client(['exec', '-i', 'day', 'cat'], { input: 'by stdin' })
      assert.equal(input.stdout, 'by stdin')
      const failed = await client(['exec', 'day', 'sh', '-c', 'echo no >&2; exit 4'])
      assert.deepEqual([failed.stderr, failed.exitCode], ['no\n', 4])
      assert.match(await ok('top', 'day'), /^UID +PID[\s\S]*sh -c trap/)
      assert.match(
        await ok('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}', 'day'),
        /^day .*iB \/ /,
      )
      await ok('rename', 'day', 'night')
      await ok('pause', 'night')
      assert.match(await ok('ps', '--format', '{{.Status}}'), /\(Paused\)/)
      await ok('unpause', 'night')
      const waiting = client(['wait', 'night'])
      await ok('stop', 'night')
      assert.equal((await waiting).stdout, '7\n')
      assert.match(await ok('ps', '-a', '--format', '{{.Status}}'), /^Exited \(7\)/)
      await ok('start', 'night')
      await ok('restart', '-t', '0', 'night')
      await ok('kill', 'night')
      assert.equal((await client(['rm', 'nobody'])).stderr, 'Error: No such container: nobody\n')
      await ok('rm', 'night')
    }))

  test('in a terminal: size, exit code, detach, attach', async (t) => {
    const terminal = await openTerminal(t, { columns: 91, rows: 27 })
    const type = async (text: string) => {
      await terminal.type(text)
      await terminal.press('Enter')
    }
    await type(`alias d="${docker} -H ${daemon().host}"`)
    await type('d run -it --name shell busybox sh; echo code=$?')
    await terminal.shows(/\/ # $/m)
    await type(hasSize('27 91'))
    await terminal.shows(/^27 91/m)
    await terminal.resize({ columns: 70, rows: 20 })
    await type(hasSize('20 70'))
    await terminal.shows(/^20 70/m)
    await terminal.press('C-p', 'C-q')
    await terminal.shows(/read escape sequence|code=0/)
    await type('clear; d attach shell; echo again=$?')
    await type('echo back-$((1+1))')
    await terminal.shows(/back-2/)
    await type('exit 42')
    await terminal.shows(/again=42/)
    await type('clear; d start -ai shell; echo third=$?')
    await terminal.shows(/\/ # $/m)
    await type('exit 3')
    await terminal.shows(/third=3/)
    await type('clear; d start shell && d exec -it shell sh -c "tty; exit 6"; echo exec=$?')
    await terminal.shows(/\/dev\/pts\/\d[\s\S]*exec=6/)
    await ok('rm', '-f', 'shell')
  })

  test('images: list, tag, history, save, load, import, remove', async (t) => {
    const directory = await mkdtemp('/tmp/gantry-e2e-20.10-')
    t.after(() => rm(directory, { recursive: true, force: true }))
    await ok('tag', 'busybox', 'other/name:v1')
    assert.match(
      await ok('images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}'),
      /^other\/name:v1 [\d.]+MB$/m,
    )
    assert.match(await ok('history', 'busybox'), /^IMAGE +CREATED +CREATED BY/)
    await ok('save', '-o', `${directory}/image.tar`, 'other/name:v1')
    assert.ok((await stat(`${directory}/image.tar`)).size > 1_000_000)
    assert.match(await ok('rmi', 'other/name:v1'), /Untagged: other\/name:v1/)
    assert.match(await ok('load', '-i', `${directory}/image.tar`), /Loaded image: other\/name:v1/)
    assert.equal(await ok('run', '--rm', 'other/name:v1', 'echo', 'loaded'), 'loaded')
    await writeFile(`${directory}/bad.tar`, 'no archive')
    assert.notEqual((await client(['load', '-i', `${directory}/bad.tar`])).exitCode, 0)
    await ok('rmi', 'other/name:v1')
    assert.equal(await ok('image', 'ls', '-q', 'other/name'), '')
  })

  test('networks: create, connect, names, inspect, remove', () =>
    leavesNothing(daemon(), async () => {
      await ok('network', 'create', '--label', 'a=b', 'old')
      await ok(
        'run',
        '-d',
        '--name',
        'server',
        '--network',
        'old',
        '--network-alias',
        'al',
        'busybox',
        'sleep',
        '600',
      )
      assert.match(
        await ok('run', '--rm', '--network', 'old', 'busybox', 'ping', '-c1', '-w5', 'al'),
        /1 packets received/,
      )
      await ok('network', 'connect', 'bridge', 'server')
      assert.equal(await ok('inspect', '-f', '{{len .NetworkSettings.Networks}}', 'server'), '2')
      await ok('network', 'disconnect', 'bridge', 'server')
      assert.match(
        await ok('network', 'ls', '-f', 'label=a=b', '--format', '{{.Name}} {{.Driver}} {{.Scope}}'),
        /^old bridge local$/,
      )
      assert.match((await client(['network', 'rm', 'old'])).stderr, /has active endpoints/)
      await ok('rm', '-f', 'server')
      await ok('network', 'rm', 'old')
    }))

  test('volumes: create, fill, share, remove; tmpfs and binds', () =>
    leavesNothing(daemon(), async () => {
      await ok('volume', 'create', 'kept')
      await ok('run', '--rm', '-v', 'kept:/v', 'busybox', 'sh', '-c', 'echo note > /v/f')
      assert.equal(await ok('run', '--rm', '-v', 'kept:/v:ro', 'busybox', 'cat', '/v/f'), 'note')
      assert.match(await ok('volume', 'ls', '-q', '-f', 'name=kept'), /^kept$/)
      assert.equal(await ok('volume', 'inspect', '-f', '{{.Driver}} {{.Scope}}', 'kept'), 'local local')
      const mounts = await ok(
        'run',
        '--rm',
        '--tmpfs',
        '/t',
        '-v',
        '/etc/hostname:/h:ro',
        'busybox',
        'sh',
        '-c',
        'grep " /t " /proc/mounts; cat /h',
      )
      assert.match(mounts, /^tmpfs \/t tmpfs rw/)
      await ok('volume', 'rm', 'kept')
    }))

  test('events as they happen, and those that were', async (t) => {
    const since = Math.floor(Date.now() / 1000)
    const listener = spawn(docker, [
      '-H',
      daemon().host,
      'events',
      '--format',
      '{{.Type}} {{.Action}}',
      '-f',
      'container=seen',
    ])
    t.after(() => listener.kill('SIGKILL'))
    let heard = ''
    listener.stdout.on('data', (chunk) => {
      heard += chunk
    })
    await until('somebody to listen', async () => {
      const { body } = await daemon().api('GET', '/info')
      return (body as { NEventsListener: number }).NEventsListener > 0
    })
    await ok('run', '--name', 'seen', 'busybox', 'true')
    await ok('rm', 'seen')
    const lines = ['create', 'attach', 'start', 'die', 'destroy'].map((action) => `container ${action}`)
    await until('the events', () => lines.every((line) => heard.includes(line)))
    listener.kill()
    const past = await ok(
      'events',
      '--since',
      String(since),
      '--until',
      String(Math.ceil(Date.now() / 1000)),
      '--format',
      '{{.Action}}',
      '-f',
      'container=seen',
    )
    assert.deepEqual(
      past.split('\n').filter((action) => action !== 'attach'),
      ['create', 'start', 'die', 'destroy'],
    )
  })

  test('health checks, disk usage', async () => {
    await ok(
      'create',
      '--name',
      'more',
      '--health-cmd',
      'true',
      '--health-interval',
      '100ms',
      'busybox',
      'sleep',
      '600',
    )
    await ok('start', 'more')
    await until(
      'its health',
      async () => (await ok('inspect', '-f', '{{.State.Health.Status}}', 'more')) === 'healthy',
    )
    await ok('rm', '-f', 'more')
    assert.match(await ok('system', 'df'), /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages/)
  })
})
