/** Log drivers that hand lines on: to servers of the test's own, through both commands, slow and absent ones, and a daemon that dies. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { okBy } from './commands.ts'
import { startDaemon, suiteDaemon, type TestDaemon, until } from './harness.ts'

const ok = (daemon: TestDaemon, ...args: string[]) =>
  okBy(
    (words) => daemon.gantry(words),
    () => daemon.log,
  )(...args)

/** An address of the loopback that no other process uses: a port that was ours there can be ours again. */
const ownAddress = `127.${(process.pid >> 16) + 1}.${(process.pid >> 8) & 255}.${process.pid & 255}`

/** A server for lines (syslog over TCP), which can go away and come back at the same port. */
class LineServer implements AsyncDisposable {
  text = ''
  port = 0
  /** Reads nothing: the other side has to wait. */
  slow = false
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()

  async open(): Promise<this> {
    const server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
      if (this.slow) socket.pause()
      else
        socket.on('data', (data) => {
          this.text += data
        })
    })
    await new Promise<void>((resolve) => server.listen(this.port, ownAddress, resolve))
    const address = server.address()
    this.port = typeof address === 'object' && address ? address.port : 0
    this.#server = server
    return this
  }

  /** What the program wrote, without what syslog puts before it. */
  get lines(): string[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.replace(/^<\d+>.*?\[\d+\]: /, ''))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(null)))
    this.#server = null
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const syslog = (port: number, ...options: string[]) => [
  ...['--log-driver', 'syslog', '--log-opt', `syslog-address=tcp://${ownAddress}:${port}`],
  ...options.flatMap((option) => ['--log-opt', option]),
]
const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n))

suite('log drivers', () => {
  const daemon = suiteDaemon({ flags: ['--log-opt', 'max-size=5m', '--log-opt', 'labels=tier'] })

  test('both commands start containers with them, and logs still shows everything', async () => {
    await using server = await new LineServer().open()
    for (const [name, run] of [
      ['ours', daemon().gantry],
      ['theirs', daemon().docker],
    ] as const) {
      server.text = ''
      const options = syslog(server.port, 'tag={{.Name}}/{{.ImageName}}', 'syslog-format=rfc3164')
      const script = 'seq 1000; printf unfinished'
      const result = await run.call(daemon(), [
        'run',
        '--name',
        name,
        ...options,
        'busybox',
        'sh',
        '-c',
        script,
      ])
      assert.equal(result.exitCode, 0, result.stderr)
      await until('the lines', () => server.lines.length >= 1001)
      assert.deepEqual(server.lines, [...count(1, 1000), 'unfinished'])
      assert.match(server.text, new RegExp(`^<30>\\w+ +\\d+ [0-9:]+ \\S+ ${name}/busybox\\[\\d+\\]: 1\n`))
      const logs = await run.call(daemon(), ['logs', '-n', '2', name])
      assert.equal(logs.stdout, '1000\nunfinished')
      assert.equal(await ok(daemon(), 'inspect', '-f', '{{.LogPath}}', name), '')
    }
    const uncached = [...syslog(server.port, 'cache-disabled=true'), 'busybox', 'echo', 'last']
    await ok(daemon(), 'run', '--name', 'uncached', ...uncached)
    await until('the line', () => server.lines.includes('last'))
    const logs = await daemon().docker(['logs', 'uncached'])
    assert.match(logs.stderr, /configured logging driver does not support reading/)
  })

  test('a destination that is away holds up nobody, and gets everything when it is there', async () => {
    await using server = await new LineServer().open()
    const { port } = server
    await server.close()
    const options = syslog(port, 'cache-max-size=200k', 'cache-max-file=2')
    const script = 'for i in 0 1 2 3; do seq $((i*20000+1)) $((i*20000+20000)); sleep 0.5; done'
    await ok(daemon(), 'run', '--name', 'away', ...options, 'busybox', 'sh', '-c', script)
    assert.equal(await ok(daemon(), 'logs', '-n', '1', 'away'), '80000')
    const id = await ok(daemon(), 'inspect', '-f', '{{.Id}}', 'away')
    const files = () =>
      readdirSync(`${daemon().root}/data/containers/${id}`).filter((name) => /^container/.test(name))
    assert.ok(files().length > 2, 'rotated files are kept until they have been sent')
    await server.open()
    await until('the lines', () => server.lines.length >= 80_000)
    assert.deepEqual(server.lines, count(1, 80_000))
    await until('the rotated files to go', () => files().length <= 2)
    assert.match(daemon().log, /ECONNREFUSED/)
  })

  test('what a removed container still had to send is sent', async () => {
    await using server = await new LineServer().open()
    const { port } = server
    await server.close()
    await ok(
      daemon(),
      'run',
      '--rm',
      ...syslog(port, 'tag={{.Name}}'),
      '--name',
      'gone',
      'busybox',
      'seq',
      '100',
    )
    await until('the removal', async () => (await ok(daemon(), 'ps', '-aq', '-f', 'name=gone')) === '')
    const orphans = `${daemon().root}/data/logs`
    await until('the orphan', () => existsSync(orphans) && readdirSync(orphans).length === 1)
    await daemon().kill9()
    await daemon().start()
    await server.open()
    await until('the lines', () => server.lines.length >= 100)
    assert.deepEqual(server.lines, count(1, 100))
    assert.match(server.text, / gone\[/)
    await until('the orphan to go', () => readdirSync(orphans).length === 0)
  })

  test('a destination that does not read stalls neither container nor daemon', async () => {
    await using server = new LineServer()
    server.slow = true
    await server.open()
    const options = syslog(server.port, 'mode=non-blocking', 'max-buffer-size=100k')
    await ok(daemon(), 'run', '-d', '--name', 'blocking', ...syslog(server.port), 'busybox', 'yes', 'y')
    await ok(daemon(), 'run', '-d', '--name', 'dropping', ...options, 'busybox', 'yes', 'n')
    await sleep(1000)
    assert.equal(await ok(daemon(), 'exec', 'blocking', 'echo', 'alive'), 'alive')
    const size = async () =>
      Number(
        await ok(daemon(), 'exec', 'dropping', 'cat', '/proc/1/io').then(
          (text) => /wchar: (\d+)/.exec(text)?.[1],
        ),
      )
    const before = await size()
    await until('more output', async () => (await size()) > before + 1e6)
    await until('the report', () => /lines are dropped/.test(daemon().log))
    await ok(daemon(), 'rm', '-f', 'blocking', 'dropping')
    // What they leave is not waited for.
    const orphans = `${daemon().root}/data/logs`
    assert.ok(readdirSync(orphans).length >= 1)
  })

  test('gelf and fluentd', async () => {
    await using server = await new LineServer().open()
    const gelf = ['--log-driver', 'gelf', '--log-opt', `gelf-address=tcp://${ownAddress}:${server.port}`]
    await ok(
      daemon(),
      'run',
      '--rm',
      '--label',
      'tier=web',
      ...gelf,
      '--log-opt',
      'labels=tier',
      'busybox',
      'echo',
      'hello',
    )
    await until('the message', () => server.text.endsWith('\0'))
    const { short_message, _tier, _command } = JSON.parse(server.text.slice(0, -1)) as Record<string, string>
    assert.deepEqual([short_message, _tier, _command], ['hello', 'web', 'echo hello'])
    server.text = ''
    const fluentd = [
      '--log-driver',
      'fluentd',
      '--log-opt',
      `fluentd-address=tcp://${ownAddress}:${server.port}`,
    ]
    await ok(
      daemon(),
      'run',
      '--rm',
      ...fluentd,
      '--log-opt',
      'tag=docker.{{.Name}}',
      '--name',
      'fl',
      'busybox',
      'echo',
      'hello',
    )
    await until('the message', () => server.text.includes('hello'))
    assert.match(server.text, /docker\.fl.*source.*stdout.*log.*hello.*container_id.*container_name.*\/fl/s)
  })

  test('what cannot be is refused in the words of Docker', async () => {
    for (const [driver, option, message] of [
      ['syslog', 'nope=1', "unknown log opt 'nope' for syslog log driver"],
      ['syslog', 'syslog-address=foo', 'syslog-address should be in form proto://address, got foo'],
      ['syslog', 'syslog-address=unix:///nonexistent', 'stat /nonexistent: no such file or directory'],
      ['syslog', 'syslog-facility=zz', 'invalid syslog facility'],
      ['syslog', 'syslog-format=zz', 'Invalid syslog format'],
      ['gelf', 'tag=x', 'gelf-address is a required parameter'],
      ['gelf', 'gelf-address=foo', 'gelf-address should be in form proto://address, got foo'],
      ['gelf', 'gelf-address=unix:///x', 'gelf: endpoint needs to be TCP or UDP'],
      ['gelf', 'gelf-address=udp://foo', 'gelf: please provide gelf-address as proto://host:port'],
      ['fluentd', 'nope=1', "unknown log opt 'nope' for fluentd log driver"],
      ['fluentd', 'fluentd-buffer-limit=zz', "invalid size: 'zz'"],
      ['fluentd', 'fluentd-retry-wait=zz', 'time: invalid duration "zz"'],
      ['fluentd', 'fluentd-max-retries=zz', 'strconv.ParseUint: parsing "zz": invalid syntax'],
      ['fluentd', 'fluentd-async=zz', 'strconv.ParseBool: parsing "zz": invalid syntax'],
      ['journald', 'nope=1', "unknown log opt 'nope' for journald log driver"],
    ] as const) {
      const result = await daemon().docker(['create', '--log-driver', driver, '--log-opt', option, 'busybox'])
      assert.equal(result.stderr.split('\n')[0], `Error response from daemon: ${message}`)
    }
    const two = ['--log-opt', 'gelf-address=tcp://127.0.0.1:1', '--log-opt']
    for (const [option, message] of [
      ['gelf-compression-level=2', 'compression is only supported on UDP'],
      ['gelf-tcp-max-reconnect=-2', '"gelf-tcp-max-reconnect" must be a positive integer'],
      ['nope=1', 'unknown log opt "nope" for gelf log driver'],
    ] as const) {
      const result = await daemon().docker(['create', '--log-driver', 'gelf', ...two, option, 'busybox'])
      assert.equal(result.stderr.split('\n')[0], `Error response from daemon: ${message}`)
    }
    if (!existsSync('/run/systemd/journal/socket')) {
      const result = await daemon().docker(['run', '--log-driver', 'journald', 'busybox', 'true'])
      assert.match(result.stderr, /failed to initialize logging driver: journald is not enabled on this host/)
    }
  })

  test('info lists them; the daemon has options of its own', async () => {
    const info = JSON.parse(await ok(daemon(), 'info', '-f', '{{json .}}')) as {
      LoggingDriver: string
      Plugins: { Log: string[] }
    }
    assert.equal(info.LoggingDriver, 'json-file')
    assert.deepEqual(info.Plugins.Log, ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog'])
    await ok(daemon(), 'create', '--name', 'plain', 'busybox')
    await ok(
      daemon(),
      'create',
      '--name',
      'own',
      '--log-driver',
      'json-file',
      '--log-opt',
      'max-size=1m',
      'busybox',
    )
    await ok(daemon(), 'create', '--name', 'other', '--log-driver', 'local', 'busybox')
    const config = (name: string) => ok(daemon(), 'inspect', '-f', '{{json .HostConfig.LogConfig}}', name)
    assert.equal(await config('plain'), '{"Type":"json-file","Config":{"labels":"tier","max-size":"5m"}}')
    assert.equal(await config('own'), '{"Type":"json-file","Config":{"labels":"tier","max-size":"1m"}}')
    assert.equal(await config('other'), '{"Type":"local","Config":{}}')
  })
})

test('kill -9 in the middle of forwarding: every line arrives', async (t) => {
  await using server = await new LineServer().open()
  const daemon = await startDaemon(t, {
    flags: ['--log-driver', 'syslog', '--log-opt', `syslog-address=tcp://${ownAddress}:${server.port}`],
  })
  const options = ['--log-opt', 'cache-max-size=300k', '--log-opt', 'cache-max-file=2']
  const script = 'for i in $(seq 0 19); do seq $((i*5000+1)) $((i*5000+5000)); sleep 0.2; done'
  await ok(daemon, 'run', '-d', '--name', 'talks', ...options, 'busybox', 'sh', '-c', script)
  for (let kills = 0; kills < 3; kills++) {
    const { length } = server.lines
    await until('some lines', () => server.lines.length > length)
    await daemon.kill9()
    await sleep(200)
    await daemon.start()
  }
  await ok(daemon, 'wait', 'talks')
  await until('the last line', () => server.lines.includes('100000'))
  const seen = new Set(server.lines)
  assert.deepEqual(
    count(1, 100_000).filter((line) => !seen.has(line)),
    [],
  )
  // Sent twice is only what was under way.
  assert.ok(server.lines.length < 150_000, `${server.lines.length} lines`)
})
