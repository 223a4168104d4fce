/** gantryd itself: flags, configuration, sockets, signals, several on one machine. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { bind, check } from '@gantry/syscall'
import { type CommandResult, repository, run, startDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

const daemonMain = `${repository}packages/daemon/main.ts`

const gantryd = (args: string[], timeout = 120_000): Promise<CommandResult> =>
  run(process.execPath, [daemonMain, ...args], { timeout })

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp('/tmp/gantry-e2e-daemon-')
  t.after(() => rm(directory, { recursive: true, force: true }))
  await writeFile(`${directory}/daemon.json`, '{}')
  return directory
}

suite('gantryd', { concurrency: atOnce(2) }, () => {
  test('two daemons side by side, each with its own containers and addresses', async (t) => {
    const [one, two] = await Promise.all([startDaemon(t), startDaemon(t)])
    for (const daemon of [one, two])
      assert.equal(
        (
          await daemon.docker([
            'run',
            '-d',
            '--name',
            'same',
            '-p',
            '127.0.0.1::80',
            'busybox',
            'sleep',
            '600',
          ])
        ).exitCode,
        0,
      )
    const address = async (daemon: typeof one) =>
      (await daemon.docker(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'same']))
        .stdout
    assert.notEqual(await address(one), await address(two))
    assert.equal((await one.docker(['ps', '-q'])).stdout.split('\n').length, 2)
    await one.docker(['rm', '-f', 'same'])
    assert.equal((await two.docker(['exec', 'same', 'echo', 'here'])).stdout, 'here\n')
  })

  test('refuses the data root of a daemon that runs', async (t) => {
    const daemon = await startDaemon(t, { busybox: false })
    const root = await scratch(t)
    const second = await gantryd([
      ...['-H', `unix://${root}/sock`, '--data-root', `${daemon.root}/data`, '--exec-root', `${root}/exec`],
      ...['--pidfile', `${root}/pid`, '--config-file', `${root}/daemon.json`],
    ])
    assert.notEqual(second.exitCode, 0)
    assert.match(second.stderr, /data|in use|running/i)
    assert.equal((await daemon.docker(['ps', '-q'])).exitCode, 0, 'the first one still answers')
  })

  test('SIGTERM stops cleanly: no socket, no pid file, containers run on', async (t) => {
    const daemon = await startDaemon(t)
    await daemon.docker(['run', '-d', '--name', 'stays', 'busybox', 'sleep', '600'])
    const { stdout: pid } = await daemon.docker(['inspect', '-f', '{{.State.Pid}}', 'stays'])
    await daemon.stop()
    await assert.rejects(access(daemon.socket))
    await assert.rejects(access(`${daemon.root}/pid`))
    await access(`/proc/${pid.trim()}`)
    await daemon.start()
    assert.equal((await daemon.docker(['inspect', '-f', '{{.State.Status}}', 'stays'])).stdout, 'running\n')
  })

  test('a stop ends the streams of clients, however long the shutdown timeout', async (t) => {
    const daemon = await startDaemon(t, { flags: ['--shutdown-timeout', '-1'] })
    await daemon.docker(['run', '-d', '--name', 'watched', 'busybox', 'sleep', '600'])
    const watchers = [['attach'], ['logs', '-f'], ['wait']].map((words) =>
      daemon.docker([...words, 'watched']),
    )
    watchers.push(daemon.docker(['exec', 'watched', 'sleep', '600']), daemon.docker(['events']))
    await until(
      'all of them',
      async () => (await daemon.docker(['top', 'watched'])).stdout.split('sleep').length === 3,
    )
    await daemon.stop()
    await Promise.all(watchers)
    await daemon.start()
  })

  test('a stop waits for no client that has stopped in the midst of what it sends', async (t) => {
    const daemon = await startDaemon(t, { flags: ['--shutdown-timeout', '-1', '--debug'] })
    await daemon.docker(['create', '--name', 'target', 'busybox'])
    const paths = [
      ...['POST /build?t=x', 'POST /build/layouts', 'PUT /build/cache/none/archive'],
      ...['POST /images/load', 'POST /images/create?fromSrc=-', 'PUT /containers/target/archive?path=/'],
    ]
    const head = 'Host: x\r\nContent-Type: application/x-tar\r\nContent-Length: 100000\r\n\r\n'
    for (const path of paths) {
      const socket = connect(daemon.socket)
      t.after(() => socket.destroy())
      socket.on('error', () => undefined)
      await new Promise<void>((sent) => socket.write(`${path} HTTP/1.1\r\n${head}x`, () => sent()))
    }
    // Asked after them, and answered: they have come.
    await daemon.api('GET', '/_ping')
    await daemon.stop()
    await daemon.start()
  })

  test('the socket is for its owner and group only', async (t) => {
    const daemon = await startDaemon(t, { busybox: false })
    assert.equal((await stat(daemon.socket)).mode & 0o777, 0o660)
  })

  test('SIGHUP re-reads labels and the log level', async (t) => {
    const daemon = await startDaemon(t, { busybox: false })
    await writeFile(`${daemon.root}/daemon.json`, JSON.stringify({ labels: ['room=blue'], debug: true }))
    process.kill(daemon.pid, 'SIGHUP')
    await until('the new label', async () => {
      const info = await daemon.dockerode.info()
      return info.Labels?.includes('room=blue') && info.Debug
    })
  })

  test('configuration mistakes are named', async (t) => {
    const root = await scratch(t)
    const config = async (content: string, ...flags: string[]) => {
      await writeFile(`${root}/daemon.json`, content)
      return gantryd(['--config-file', `${root}/daemon.json`, '--validate', ...flags])
    }
    assert.equal((await config('{"debug": true}')).exitCode, 0)
    const unknown = await config('{"nosuch": 1}')
    assert.match(unknown.stderr, /the following directives don't match any configuration option: nosuch/)
    assert.equal(unknown.exitCode, 1)
    const both = await config('{"debug": true}', '--debug')
    assert.match(both.stderr, /specified both as a flag and in the configuration file: debug/)
    assert.notEqual((await config('{')).exitCode, 0)
    const missing = await gantryd(['--validate', '--config-file', `${root}/nosuch.json`])
    assert.match(missing.stderr, /unable to configure the Gantry daemon with file .*nosuch.json/)
    assert.match((await gantryd(['--nosuch'])).stderr, /unknown flag: --nosuch/)
    assert.match((await gantryd(['--validate', '--bip', 'nonsense'])).stderr, /nonsense/)
  })

  test('plain TCP is refused without being asked for explicitly', async (t) => {
    const root = await scratch(t)
    const result = await gantryd([
      ...['-H', 'tcp://127.0.0.1:0', '--data-root', `${root}/data`, '--exec-root', `${root}/exec`],
      ...['--pidfile', `${root}/pid`, '--config-file', `${root}/daemon.json`, '--bridge', 'none'],
    ])
    assert.notEqual(result.exitCode, 0)
    assert.match(result.stderr, /TLS|tls/)
  })

  test('TLS with client certificates', async (t) => {
    const root = await scratch(t)
    // Nobody else's, unlike a port of 127.0.0.1 that was free a moment ago.
    const address = `127.${(process.pid >> 16) + 1}.${(process.pid >> 8) & 255}.${process.pid & 255}`
    const openssl = (...args: string[]) => run('openssl', args, { cwd: root })
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca-key.pem',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
    )
    for (const [who, usage] of [
      ['server', 'serverAuth'],
      ['client', 'clientAuth'],
    ] as const) {
      await openssl(
        'req',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        `${who}-key.pem`,
        '-out',
        `${who}.csr`,
        '-subj',
        `/CN=${who}`,
      )
      await writeFile(`${root}/${who}.ext`, `subjectAltName=IP:${address}\nextendedKeyUsage=${usage}\n`)
      await openssl(
        'x509',
        '-req',
        '-in',
        `${who}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca-key.pem',
        '-CAcreateserial',
        '-out',
        `${who}.pem`,
        '-extfile',
        `${who}.ext`,
        '-days',
        '2',
      )
    }
    await startDaemon(t, {
      busybox: false,
      flags: [
        ...['-H', `tcp://${address}:2376`, '--tlsverify', '--tlscacert', `${root}/ca.pem`],
        ...['--tlscert', `${root}/server.pem`, '--tlskey', `${root}/server-key.pem`],
      ],
    })
    const options = ['-H', `tcp://${address}:2376`, '--tlsverify', '--tlscacert', `${root}/ca.pem`]
    const client = ['--tlscert', `${root}/client.pem`, '--tlskey', `${root}/client-key.pem`]
    for (const command of ['docker', `${repository}dist/gantry`]) {
      assert.equal((await run(command, [...options, ...client, 'version'])).exitCode, 0, command)
      assert.notEqual((await run(command, ['-H', `tcp://${address}:2376`, 'version'])).exitCode, 0, command)
    }
  })

  test('takes a socket from systemd (fd://) and says that it is ready', async (t) => {
    const root = await scratch(t)
    const socket = openListening(`${root}/activated.sock`)
    const daemon = spawn(
      'sh',
      [
        ...['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', process.execPath, daemonMain, '-H', 'fd://'],
        ...['--data-root', `${root}/data`, '--exec-root', `${root}/exec`, '--pidfile', `${root}/pid`],
        ...['--config-file', `${root}/daemon.json`, '--bridge', 'none'],
      ],
      { stdio: ['ignore', 'ignore', 'ignore', socket] },
    )
    t.after(async () => {
      daemon.kill('SIGTERM')
      closeSync(socket)
      const ended = () => daemon.exitCode !== null || daemon.signalCode !== null
      await until('the daemon to end', ended).finally(() => daemon.kill('SIGKILL'))
    })
    const answer = await run('curl', [
      '-s',
      '--max-time',
      '120',
      '--unix-socket',
      `${root}/activated.sock`,
      'http://gantry/_ping',
    ])
    assert.equal(answer.stdout, 'OK')
  })

  test('answers every supported version of the API and refuses others', async (t) => {
    const daemon = await startDaemon(t, { busybox: false })
    for (const version of ['1.24', '1.41', '1.50', '1.55'])
      assert.equal((await daemon.api('GET', `/v${version}/containers/json`)).status, 200, version)
    assert.equal((await daemon.api('GET', '/v1.99/containers/json')).status, 400)
    assert.equal((await daemon.api('GET', '/v1.12/containers/json')).status, 400)
    assert.equal((await daemon.api('GET', '/nosuch')).status, 404)
  })

  test('the log is readable lines with a time, a level and a message', async (t) => {
    const daemon = await startDaemon(t, { busybox: false })
    assert.match(daemon.log, /^(time=)?"?\d{4}-\d\d-\d\dT[^ ]+ .*(level=info|INFO|info) /m)
    assert.ok((await readFile(`${daemon.root}/pid`, 'utf8')).startsWith(String(daemon.pid)))
  })
})

/** A socket as systemd opens one: bound and listening, and nobody here to accept. */
function openListening(path: string): number {
  const address = Buffer.from(`\x01\0${path}\0`)
  const fd = check('socket', bind('int socket(int domain, int type, int protocol)')(1, 1, 0))
  const length = address.length
  check('bind', bind('int bind(int fd, const void *address, unsigned int length)')(fd, address, length))
  check('listen', bind('int listen(int fd, int backlog)')(fd, 16))
  return fd
}
