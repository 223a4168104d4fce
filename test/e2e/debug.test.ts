/** `gantry debug`: tools in the namespaces of a container that has none, and nothing of them afterwards. */
import assert from 'node:assert/strict'
import { copyFile, readdir, readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { daemonState } from './daemon-state.ts'
import { run, suiteDaemon, until } from './harness.ts'
import { changedRootfs } from './images.ts'

suite('debug', () => {
  const daemon = suiteDaemon()
  const gantry = (...args: string[]) => daemon().gantry(args, { timeout: 120_000 })

  const ok = okBy((args) => gantry(...args))

  const diff = async (id: string) => (await daemon().docker(['diff', id])).stdout

  /** Does something that leaves nothing behind but the exit code of an exec, which can be asked for a while. */
  async function leavesNoTrace(action: () => Promise<unknown>): Promise<void> {
    const state = async () => (await daemonState(daemon())).filter((line) => !line.startsWith('row execs'))
    const before = await state()
    await action()
    await until('nothing to be left', async () => (await state()).every((line) => before.includes(line)))
  }

  /** An image with one program, which sleeps when it is called `sleep`, and no shell. */
  let imported: Promise<unknown> | null = null
  async function importScratch(): Promise<void> {
    const input = await changedRootfs(async (cwd) => {
      await run('sh', ['-c', 'rm -rf ./* '], { cwd })
      await copyFile('/bin/busybox', `${cwd}/sleep`)
    })
    const result = await daemon().docker(['import', '-', 'scratch:1'], { input })
    assert.equal(result.exitCode, 0, result.stderr)
  }

  async function sleeper(t: { after: (hook: () => Promise<unknown>) => void }, ...options: string[]) {
    imported ??= importScratch()
    await imported
    const id = await ok('run', '-d', ...options, 'scratch:1', '/sleep', '600')
    t.after(() => gantry('rm', '-fv', id))
    return id
  }

  for (const runtime of ['crun', 'runc'])
    test(`${runtime}: a shell where there is none, in the container’s own surroundings`, async (t) => {
      const id = await sleeper(
        t,
        '--runtime',
        runtime,
        '-v',
        '/data',
        '--tmpfs',
        '/t',
        '-h',
        'box',
        '-w',
        '/data',
      )
      const changes = await diff(id)
      const pid = await ok('inspect', '-f', '{{.State.Pid}}', id)
      await leavesNoTrace(async () => {
        const script =
          'pwd; hostname; id -u; ls /sleep; tr "\\0" " " < /proc/1/cmdline; echo; touch /data/f /t/g; which vi'
        const lines = (await ok('debug', id, 'sh', '-c', script)).split('\n')
        assert.deepEqual(lines, ['/data', 'box', '0', '/sleep', '/sleep 600 ', '/dev/debug/bin/vi'])
        const show = ['net', 'pid', 'ipc', 'uts'].map((name) => `readlink /proc/self/ns/${name}`).join(';')
        const other = ['net', 'pid', 'ipc', 'uts'].map((name) => `readlink /proc/${pid}/ns/${name}`).join(';')
        assert.equal(
          await ok('debug', id, 'sh', '-c', show),
          (await run('sh', ['-c', other])).stdout.trimEnd(),
        )
      })
      // What it writes to the container’s files is there, what it brought is not.
      assert.equal(await ok('debug', id, 'ls', '/data', '/t'), '/data:\nf\n\n/t:\ng')
      assert.equal(await diff(id), changes)
      assert.deepEqual(
        (await readdir(`/proc/${pid}/root/dev`)).filter((name) => name === 'debug'),
        [],
      )
      assert.doesNotMatch(await readFile(`/proc/${pid}/mountinfo`, 'utf8'), /debug/)
    })

  test('exit codes, standard input, environment, user and directory', async (t) => {
    const id = await sleeper(t, '-e', 'A=1')
    assert.equal((await gantry('debug', id, 'sh', '-c', 'exit 7')).exitCode, 7)
    assert.equal((await gantry('debug', id, 'nosuch')).exitCode, 127)
    const piped = await daemon().gantry(['debug', '-i', id, 'wc', '-c'], { input: 'x'.repeat(100_000) })
    assert.equal(piped.stdout, '100000\n')
    // Without a command a shell reads what comes.
    assert.equal((await daemon().gantry(['debug', id], { input: 'echo $((6 * 7))\n' })).stdout, '42\n')
    const script = 'echo $A $B; id -u; pwd'
    assert.equal(
      await ok('debug', '-e', 'B=2', '-u', '7', '-w', '/proc', id, 'sh', '-c', script),
      '1 2\n7\n/proc',
    )
  })

  test('it has the container’s rights and not its limits; more only when asked for', async (t) => {
    const id = await sleeper(t, '--cap-drop', 'ALL', '-m', '6m', '--pids-limit', '1', '--read-only')
    const script =
      'grep -E "CapBnd|Seccomp:" /proc/self/status | cut -f2; touch /x 2>&1; head -c 20m /dev/zero | wc -c'
    assert.deepEqual((await ok('debug', id, 'sh', '-c', script)).split('\n'), [
      '0000000000000000',
      '2',
      'touch: /x: Read-only file system',
      '20971520',
    ])
    assert.doesNotMatch(
      await ok('debug', '--privileged', id, 'grep', 'CapBnd', '/proc/self/status'),
      /0{16}$/,
    )
  })

  test('an image of tools, with the container’s files beside', async (t) => {
    const id = await sleeper(t)
    await leavesNoTrace(async () => {
      const script = 'which sh; ls /proc/1/root/sleep; touch /made; cat /etc/hostname'
      assert.equal(
        await ok('debug', '--image', 'busybox', id, 'sh', '-c', script),
        `/bin/sh\n/proc/1/root/sleep\n${id.slice(0, 12)}`,
      )
    })
    assert.equal(await ok('run', '--rm', 'busybox', 'sh', '-c', 'ls /made 2>/dev/null; true'), '')
  })

  test('a container that does not run is looked at, and what is changed is thrown away', async (t) => {
    imported ??= importScratch()
    await imported
    const id = await ok('create', '-v', 'kept:/data', 'scratch:1', '/sleep', '600')
    t.after(() => gantry('rm', '-f', id))
    await leavesNoTrace(async () => {
      const script = 'ls /sleep; touch /made && ls /made; touch /data/f 2>&1; ip -o link | wc -l'
      assert.equal(
        await ok('debug', id, 'sh', '-c', script),
        '/sleep\n/made\ntouch: /data/f: Read-only file system\n1',
      )
    })
    assert.equal(await diff(id), '')
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', id), 'created')
    const refused = await gantry('debug', '--image', 'busybox', id, 'true')
    assert.match(refused.stderr, /is not running/)
    assert.match((await gantry('debug', 'nosuch', 'true')).stderr, /No such container: nosuch/)
  })

  test('it ends with its container, and with the daemon nothing of it remains', async (t) => {
    const id = await sleeper(t)
    const first = gantry('debug', id, 'sleep', '600')
    const session = async () => {
      const exec = await ok('inspect', '-f', '{{range .ExecIDs}}{{.}}{{end}}', id)
      const { body } = await daemon().api('GET', `/v1.47/exec/${exec}/json`)
      return (body as { Running?: boolean }).Running
    }
    await until('the session', session)
    await ok('kill', id)
    assert.equal((await first).exitCode, 137)

    await ok('start', id)
    await leavesNoTrace(async () => {
      const second = gantry('debug', id, 'sleep', '600')
      await until('the session', session)
      await daemon().kill9()
      await daemon().start()
      const { exitCode, stderr } = await second
      assert.equal(exitCode, 125)
      assert.match(stderr, /the output of the command cannot be read on/)
    })
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', id), 'running')
  })

  test('the API: the body of an exec, then an exec like any other', async (t) => {
    const id = await sleeper(t)
    const made = await daemon().api('POST', `/v1.47/containers/${id}/debug`, {
      Cmd: ['echo', 'hi'],
      AttachStdout: true,
      Tty: true,
    })
    assert.equal(made.status, 201)
    const { Id } = made.body as { Id: string }
    const started = await daemon().api('POST', `/v1.47/exec/${Id}/start`, { Tty: true })
    assert.equal(String(started.body).trim(), 'hi')
    const { body } = await daemon().api('GET', `/v1.47/exec/${Id}/json`)
    assert.equal((body as { ExitCode: number }).ExitCode, 0)
    assert.equal((await daemon().api('POST', `/v1.47/containers/${id}/debug`, {})).status, 400)
  })
})
