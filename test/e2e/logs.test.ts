/** Container logs through both command lines: rotation, clearing, filters, any bytes, slow readers. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { okBy } from './commands.ts'
import { gantryBinary, suiteDaemon, type TestDaemon, until } from './harness.ts'

const ok = (daemon: TestDaemon, ...args: string[]) =>
  okBy(
    (words) => daemon.gantry(words),
    () => daemon.log,
  )(...args)

async function logDirectory(daemon: TestDaemon, name: string): Promise<string> {
  return `${daemon.root}/data/containers/${await ok(daemon, 'inspect', '-f', '{{.Id}}', name)}`
}

function logFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith('container.log'))
    .sort()
}

const small = ['--log-opt', 'max-size=200k', '--log-opt', 'max-file=500']
const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n))

suite('logs', () => {
  const daemon = suiteDaemon()

  test('rotation: everything is read in order, by either command, followed or not', async () => {
    const script = 'for i in $(seq 0 5); do seq $((i*20000+1)) $((i*20000+20000)); sleep 0.3; done'
    await ok(daemon(), 'run', '-d', '--name', 'turns', ...small, 'busybox', 'sh', '-c', script)
    const [ours, theirs] = await Promise.all([
      daemon().gantry(['logs', '-f', 'turns']),
      daemon().docker(['logs', '-f', 'turns']),
    ])
    const expected = count(1, 120_000)
    for (const { stdout } of [ours, theirs]) assert.deepEqual(stdout.trimEnd().split('\n'), expected)
    await until('compression', async () => {
      const names = logFiles(await logDirectory(daemon(), 'turns'))
      return names.length > 2 && names.every((name) => name === 'container.log' || name.endsWith('.gz'))
    })
    for (const run of [daemon().gantry, daemon().docker]) {
      const all = await run.call(daemon(), ['logs', 'turns'])
      assert.deepEqual(all.stdout.trimEnd().split('\n'), expected)
      const tail = await run.call(daemon(), ['logs', '-n', '70000', 'turns'])
      assert.deepEqual(tail.stdout.trimEnd().split('\n'), expected.slice(-70_000))
    }
  })

  test('the log is bounded', async () => {
    const options = ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=2']
    const script = 'for i in $(seq 4); do seq 20000; sleep 0.4; done; echo end'
    await ok(daemon(), 'run', '-d', '--name', 'bounded', ...options, 'busybox', 'sh', '-c', script)
    await ok(daemon(), 'wait', 'bounded')
    const directory = await logDirectory(daemon(), 'bounded')
    await until(
      'compression',
      () => logFiles(directory).length === 2 && logFiles(directory)[1]?.endsWith('.gz'),
    )
    assert.equal(await ok(daemon(), 'logs', '--tail', '1', 'bounded'), 'end')
  })

  test('a log is emptied, running or not, and who follows goes on', async (t) => {
    const script = 'seq 50000; read line; echo $line; echo bye'
    await ok(daemon(), 'run', '-di', '--name', 'cleared', ...small, 'busybox', 'sh', '-c', script)
    const follower = spawn(gantryBinary, ['-H', daemon().host, 'logs', '-f', 'cleared'])
    t.after(() => follower.kill('SIGKILL'))
    let followed = ''
    follower.stdout.setEncoding('utf8').on('data', (text: string) => {
      followed += text
    })
    await until('output', () => followed.endsWith('\n50000\n'))
    assert.equal(await ok(daemon(), 'logs', '--clear', 'cleared'), '')
    assert.equal(await ok(daemon(), 'logs', 'cleared'), '')
    const attached = await daemon().gantry(['attach', 'cleared'], { input: 'after\n' })
    assert.equal(attached.exitCode, 0, JSON.stringify(attached))
    assert.equal(await ok(daemon(), 'logs', 'cleared'), 'after\nbye')
    await until('the end of the follower', () => follower.exitCode !== null)
    assert.deepEqual(followed.trimEnd().split('\n'), [...count(1, 50_000), 'after', 'bye'])
    assert.deepEqual(await daemon().api('POST', '/v1.55/containers/cleared/logs/clear'), {
      status: 204,
      body: '',
    })
    assert.equal(await ok(daemon(), 'logs', 'cleared'), '')
    assert.deepEqual(logFiles(await logDirectory(daemon(), 'cleared')), ['container.log'])
    await ok(daemon(), 'start', 'cleared')
    const nowhere = await daemon().gantry(['logs', '--clear', 'nowhere'])
    assert.equal(nowhere.stderr, 'Error response from daemon: No such container: nowhere\n')
    await ok(daemon(), 'run', '-d', '--name', 'silent', '--log-driver', 'none', 'busybox', 'echo', 'x')
    for (const args of [
      ['logs', 'silent'],
      ['logs', '--clear', 'silent'],
    ]) {
      const result = await daemon().gantry(args)
      assert.match(result.stderr, /configured logging driver does not support reading/)
    }
  })

  test('any bytes, and lines of any length, come through both commands', async () => {
    // Without newlines, so that conmon writes pieces only; with a prompt at the end that no newline ends.
    const script =
      'head -c 3000000 /dev/zero | tr "\\0" "a"; echo; printf "\\001\\377\\200"; echo; printf prompt; printf E >&2'
    await ok(daemon(), 'run', '--name', 'long', 'busybox', 'sh', '-c', script)
    const expected = Buffer.concat([
      Buffer.alloc(3_000_000, 'a'),
      Buffer.from('\n\x01\xff\x80\nprompt', 'latin1'),
    ]).toString('latin1')
    const id = await ok(daemon(), 'inspect', '-f', '{{.Id}}', 'long')
    for (const command of [process.env.GANTRY_BINARY ?? 'dist/gantry', 'docker']) {
      const child = spawn(command, ['-H', daemon().host, 'logs', id], { stdio: ['ignore', 'pipe', 'pipe'] })
      const out: Buffer[] = []
      const err: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
      await once(child, 'close')
      assert.ok(Buffer.concat(out).toString('latin1') === expected, command)
      assert.equal(String(Buffer.concat(err)), 'E')
    }
  })

  test('since and until in every form, with details and timestamps', async () => {
    const script = 'echo one; sleep 1.1; echo two >&2; sleep 1.1; echo three'
    const options = [
      '--label',
      'tier=web',
      '--log-opt',
      'labels=tier',
      '--log-opt',
      'tag={{.Name}} {{.ImageName}}',
    ]
    await ok(daemon(), 'run', '--name', 'timed', ...options, 'busybox', 'sh', '-c', script)
    const stamped = await daemon().docker(['logs', '-t', '--details', 'timed'])
    const lines = `${stamped.stdout}${stamped.stderr}`.trimEnd().split('\n').sort()
    assert.deepEqual(
      lines.map((line) => line.slice(31)),
      ['one', 'two', 'three'].map((word) => `tag=timed+busybox,tier=web ${word}`),
    )
    const times = lines.map((line) => line.slice(0, 30))
    const [first = '', second = '', third = ''] = times
    const seconds = Math.floor(Date.parse(second) / 1000)
    const fraction = /\.(\d{9})Z/.exec(second)?.[1]
    const local = second.replace('Z', '')
    for (const run of [daemon().gantry, daemon().docker]) {
      const read = async (...args: string[]) => {
        const { stdout, stderr } = await run.call(daemon(), ['logs', ...args, 'timed'])
        return `${stdout}${stderr}`.trimEnd().split('\n').sort().join(' ')
      }
      assert.equal(await read('--since', second), 'three two')
      assert.equal(await read('--until', second), 'one two')
      assert.equal(await read('--since', `${seconds}.${fraction}`), 'three two')
      assert.equal(await read('--since', local), 'three two')
      assert.equal(await read('--since', '2h'), 'one three two')
      assert.equal(await read('--since', '1h30m', '--until', '1h'), '')
      assert.equal(await read('--until', '2h'), '')
      assert.equal(await read('--since', second.slice(0, 10)), 'one three two')
      assert.equal(await read('--since', first, '--until', third, '-n', '2'), 'three two')
      assert.equal(await read('-n', '1'), 'three')
      assert.equal(await read('-n', '-1'), 'one three two')
      assert.equal(await read('-n', '0'), '')
    }
  })

  test('follow until a time ends then', async () => {
    await ok(
      daemon(),
      'run',
      '-d',
      '--name',
      'ticks',
      'busybox',
      'sh',
      '-c',
      'while :; do echo tick; sleep 0.1; done',
    )
    await until('some lines', async () => (await ok(daemon(), 'logs', 'ticks')).split('\n').length > 5)
    const end = Date.now() / 1000 + 1.5
    const { stdout } = await daemon().docker(['logs', '-f', '-t', '--until', end.toFixed(9), 'ticks'])
    const last = stdout.trimEnd().split('\n').at(-1) ?? ''
    assert.ok(Date.parse(last.slice(0, 30)) / 1000 <= end, last)
    assert.ok(stdout.split('\n').length > 5, stdout)
  })

  test('a follower that stops reading holds a bounded buffer and nobody up', async () => {
    await ok(daemon(), 'run', '-d', '--name', 'chatty', 'busybox', 'yes', '0123456789abcdef0123456789')
    const memory = async () => {
      const status = await readFile(`/proc/${daemon().pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
    }
    const before = await memory()
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(daemon().socket)
        socket.write('GET /v1.55/containers/chatty/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n')
        await once(socket, 'readable')
        return socket
      }),
    )
    await sleep(2000)
    // Nothing waits for the eight, and the log goes on.
    const started = Date.now()
    assert.equal(await ok(daemon(), 'exec', 'chatty', 'echo', 'alive'), 'alive')
    assert.ok((await ok(daemon(), 'logs', '-n', '3', 'chatty')).length > 0)
    assert.ok(Date.now() - started < 60_000)
    const grown = (await memory()) - before
    for (const socket of sockets) socket.destroy()
    await ok(daemon(), 'rm', '-f', 'chatty')
    assert.ok(grown < 150e6, `${Math.round(grown / 1e6)} MB more`)
  })

  test('options are judged as by Docker', async () => {
    for (const [options, message] of [
      ['max-size=x', "failed to initialize logging driver: invalid size: 'x'"],
      ['max-size=0', 'failed to initialize logging driver: max-size must be a positive number'],
      ['max-file=0', 'failed to initialize logging driver: max-file cannot be less than 1'],
      ['max-file=x', 'failed to initialize logging driver: strconv.Atoi: parsing "x": invalid syntax'],
      ['compress=x', 'failed to initialize logging driver: strconv.ParseBool: parsing "x": invalid syntax'],
      ['mode=x', 'logger: logging mode not supported: x'],
      ['max-buffer-size=1m', "logger: max-buffer-size option is only supported with 'mode=non-blocking'"],
      ['nope=1', "unknown log opt 'nope' for json-file log driver"],
      ['tag={{', 'failed to initialize logging driver: template: log-tag:1: unclosed action'],
      ['cache-disabled=zz', 'invalid value for option cache-disabled: zz'],
    ] as const) {
      const result = await daemon().docker(['create', '--log-opt', options, 'busybox'])
      assert.equal(result.stderr.split('\n')[0], `Error response from daemon: ${message}`)
    }
    for (const driver of ['nosuch', 'awslogs', 'gcplogs', 'splunk', 'etwlogs']) {
      const result = await daemon().docker(['create', '--log-driver', driver, 'busybox'])
      const message = `error looking up logging plugin ${driver}: plugin "${driver}" not found`
      assert.equal(result.stderr.split('\n')[0], `Error response from daemon: ${message}`)
    }
  })
})
