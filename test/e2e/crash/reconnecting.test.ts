/** Clients of ours go on with the next daemon: nothing of the output is missing or there twice, and the exit code is right. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { gantryBinary, type TestDaemon, until } from '../harness.ts'
import { openTerminal } from '../terminal.ts'
import { faultyDaemon, nothingRemains, ok } from './faulty-daemon.ts'

/** A client of which the test sees what it has printed so far. */
class Client {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>

  constructor(daemon: TestDaemon, args: string[], env: Record<string, string> = {}) {
    this.#child = spawn(gantryBinary, ['-H', daemon.host, ...args], { env: { ...process.env, ...env } })
    this.#ended = once(this.#child, 'close')
    this.#child.stdin?.on('error', () => {})
    this.#child.stdout?.on('data', (bytes) => {
      this.stdout += bytes
    })
    this.#child.stderr?.on('data', (bytes) => {
      this.stderr += bytes
    })
  }

  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  endInput(): void {
    this.#child.stdin?.end()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async exitCode(): Promise<number> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 120_000)
    const [code] = await this.#ended
    clearTimeout(timer)
    return code as number
  }
}

/** Counts on stdout and stderr until there is a file /now, says the last number on each without a newline, and exits. */
const counting = (code: number) =>
  `i=0; until test -e /now; do echo $i; echo e$i >&2; i=$((i+1)); usleep 500; done; printf end; printf over >&2; exit ${code}`

/** Whether both streams hold every number once, and the last words. */
function assertWhole({ stdout, stderr }: { stdout: string; stderr: string }): void {
  const numbers = stdout.split('\n')
  assert.equal(numbers.pop(), 'end')
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => String(index)),
  )
  assert.equal(stderr, `${numbers.map((number) => `e${number}\n`).join('')}over`)
}

const grows = (client: Client, by = 300) => {
  const before = client.stdout.length
  return until('more output', () => client.stdout.length > before + by)
}

/** The container's root as the host sees it. Its output may come before the daemon has written down that it runs. */
async function rootOf(daemon: TestDaemon, name: string): Promise<string> {
  const pid = () => ok(daemon, 'inspect', '-f', '{{.State.Pid}}', name)
  await until('the container to run', async () => (await pid()) !== '0')
  return `/proc/${await pid()}/root`
}

suite('clients of ours when the daemon is killed and comes back', () => {
  const suiteDaemon = faultyDaemon()

  test('output: run --rm, start -a, exec, logs -f and events, while it comes and while nobody is there', async () => {
    const daemon = suiteDaemon()
    const script = (code: number) => ['busybox', 'sh', '-c', counting(code)]
    const events = new Client(daemon, ['events', '--format', '{{.Action}} {{.Actor.Attributes.name}}'])
    await ok(daemon, 'run', '-d', '--name', 'box', 'busybox', 'sleep', '600')
    await ok(daemon, 'create', '--name', 'made', ...script(8))
    const whole = {
      run: new Client(daemon, ['run', '--rm', '--name', 'gone', ...script(7)]),
      start: new Client(daemon, ['start', '-a', 'made']),
      exec: new Client(daemon, ['exec', 'box', 'sh', '-c', counting(9)]),
    }
    const quiet = new Client(daemon, ['run', '--log-driver', 'none', '--name', 'quiet', ...script(4)])
    for (const client of [...Object.values(whole), quiet]) await grows(client)
    const logs = new Client(daemon, ['logs', '-f', 'made'])
    const stamped = new Client(daemon, ['logs', '-f', '-t', '--tail', '3', 'made'])
    const attached = new Client(daemon, ['attach', '--no-stdin', 'made'])
    const all = [...Object.values(whole), logs, stamped, quiet]
    for (const client of [logs, stamped, attached]) await grows(client)
    await until('an event', () => events.stdout.includes('start made'))
    const roots = await Promise.all(['gone', 'made', 'box', 'quiet'].map((name) => rootOf(daemon, name)))

    await daemon.kill9()
    await daemon.start()
    for (const client of all) await grows(client)
    await daemon.kill9()
    for (const root of roots) await writeFile(`${root}/now`, '')
    await daemon.start()

    assert.deepEqual(await Promise.all([...all, attached].map((client) => client.exitCode())), [
      ...[7, 8, 9],
      ...[0, 0, 4, 8],
    ])
    for (const client of [...Object.values(whole), logs]) assertWhole(client)
    const stamps = stamped.stdout.split('\n').slice(0, -1)
    const numbers = stamps.map((line) => Number(line.split(' ')[1]))
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => (numbers[0] ?? 0) + index),
    )
    assert.match(attached.stdout, /end$/)
    assert.match(quiet.stderr, /some output of container \w+ may be missing/)
    await until('the last event', () => events.stdout.includes('destroy gone'))
    for (const line of ['start made', 'die made', 'die quiet', 'destroy gone'])
      assert.equal(events.stdout.split(line).length, 2, line)
    events.kill()
    const id = await ok(daemon, 'inspect', '-f', '{{.Id}}', 'box')
    const kept = () => readdir(`${daemon.root}/data/containers/${id}/execs`)
    await until('the output of the exec to go', async () => (await kept()).length === 0)
    await ok(daemon, 'rm', '-f', 'made', 'box', 'quiet')
    await nothingRemains(daemon)
  })

  test('input goes on where it can; where it is cut short, or output was too much, that is an error', async (t) => {
    const daemon = suiteDaemon()
    const answers = 'echo before; while read line; do echo "got $line"; test "$line" = last && exit 5; done'
    await ok(daemon, 'run', '-di', '--name', 'open', 'busybox', 'sh', '-c', answers)
    await until('its first word', async () => (await ok(daemon, 'logs', 'open')) === 'before')
    const open = new Client(daemon, ['attach', 'open'])
    const copies = 'cat; until test -e /now; do sleep 0.05; done; echo over; exit 3'
    const pipe = (name: string) =>
      new Client(daemon, ['run', '-i', '--name', name, 'busybox', 'sh', '-c', copies])
    const [whole, cut] = [pipe('whole'), pipe('cut')]
    const much = new Client(daemon, ['exec', 'open', 'sh', '-c', 'yes | head -c 9000000; sleep 600'])
    const command = `${gantryBinary} -H ${daemon.host}`
    const [shell, other] = [await openTerminal(t), await openTerminal(t)]
    await shell.type(`clear; ${command} run -it --rm --name box busybox sh; echo code=$?`)
    await shell.press('Enter')
    await shell.shows(/\/ # $/m)
    await other.type(`clear; ${command} exec -it box sh; echo code=$?`)
    await other.press('Enter')
    await other.shows(/\/ # $/m)
    whole.write('all\n')
    whole.endInput()
    cut.write('some\n')
    open.write('one\n')
    await until('the input', () => `${whole.stdout}${cut.stdout}${open.stdout}` === 'all\nsome\ngot one\n')
    await until('much', () => much.stdout.length === 9_000_000)
    const roots = await Promise.all(['whole', 'cut'].map((name) => rootOf(daemon, name)))

    await daemon.kill9()
    await daemon.start()

    for (const root of roots) await writeFile(`${root}/now`, '')
    assert.deepEqual([await whole.exitCode(), whole.stdout], [3, 'all\nover\n'])
    cut.write('more\n')
    assert.deepEqual([await cut.exitCode(), cut.stdout], [125, 'some\nover\n'])
    assert.match(cut.stderr, /input of container \w+ was cut short .* its exit code was 3/)
    open.write('last\n')
    assert.deepEqual([await open.exitCode(), open.stdout], [5, 'got one\ngot last\n'])
    assert.equal(await much.exitCode(), 125)
    assert.match(much.stderr, /cannot be read on after the daemon was lost: .*not kept any more/)
    for (const terminal of [other, shell]) {
      // What is typed while there is no connection may be lost: until the shell answers.
      await until('an answer', async () => {
        await terminal.press('Enter')
        await terminal.type('echo an$((0))swer')
        await terminal.press('Enter')
        return (await terminal.screen()).includes('an0swer')
      })
      await terminal.resize({ columns: 77, rows: 22 })
      await terminal.type('sleep 0.3; stty size; exit 11')
      await terminal.press('Enter')
      await terminal.shows(/22 77[\s\S]*code=11/)
    }
    await ok(daemon, 'rm', 'whole', 'cut', 'open')
    await nothingRemains(daemon)
  })

  test('stats: the table goes on, with what the next daemon starts', async () => {
    const daemon = suiteDaemon()
    await ok(daemon, 'run', '-d', '--name', 'box', 'busybox', 'sleep', '600')
    const stats = new Client(daemon, ['stats', '--format', '{{.Name}}={{.PIDs}};'])
    await until('a sample', () => stats.stdout.includes('box=1;'))

    await daemon.kill9()
    await daemon.start()

    await ok(daemon, 'run', '-d', '--name', 'late', 'busybox', 'sleep', '600')
    await until('samples of both', () => {
      const [, ...later] = stats.stdout.split('late=1;')
      return later.join('').includes('box=1;')
    })
    assert.equal(stats.stderr, '')
    stats.kill()
    await ok(daemon, 'rm', '-f', 'box', 'late')
    await nothingRemains(daemon)
  })

  test('a daemon that does not come back: a message, exit code 125', async () => {
    const daemon = suiteDaemon()
    const script = ['busybox', 'sh', '-c', 'echo here; exec sleep 600']
    const client = new Client(daemon, ['run', '--name', 'box', ...script], { GANTRY_RECONNECT: '1' })
    await until('its output', () => client.stdout === 'here\n')
    await rootOf(daemon, 'box')
    await daemon.kill9()
    assert.equal(await client.exitCode(), 125, client.stderr)
    assert.match(
      client.stderr,
      /lost the connection to the daemon at unix:.* within 1 seconds; container \w+ goes on/,
    )
    await daemon.start()
    assert.equal(await ok(daemon, 'inspect', '-f', '{{.State.Running}}', 'box'), 'true')
    await ok(daemon, 'rm', '-f', 'box')
  })
})
