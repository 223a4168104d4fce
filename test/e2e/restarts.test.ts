/** Restart policies across the end of the daemon and of the machine, and how stops and kills meet them. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { run, startDaemon, suiteDaemon, type TestDaemon, until } from './harness.ts'
import { atOnce } from './recording.ts'

interface Inspected {
  State: Record<string, unknown> & { Status: string; ExitCode: number; Pid: number }
  RestartCount: number
}

const ok = (daemon: TestDaemon, ...args: string[]) =>
  okBy(
    (words) => daemon.docker(words),
    () => daemon.log,
  )(...args)

async function inspect(daemon: TestDaemon, name: string): Promise<Inspected> {
  return JSON.parse(await ok(daemon, 'inspect', '-f', '{{json .}}', name)) as Inspected
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** As a reboot: nobody who watches, no process, no mount, no network, and nothing in the run-time directory. */
async function reboot(daemon: TestDaemon): Promise<void> {
  await daemon.kill9()
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const victims = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
      return command.includes(`${daemon.root}/exec`) || cgroups.includes(`${daemon.kernelName}/`) ? pid : null
    }),
  )
  for (const pid of victims) if (pid) killIfThere(Number(pid))
  const freezer = `/sys/fs/cgroup/freezer/${daemon.kernelName}`
  for (const name of await readdir(freezer).catch(() => [])) {
    // On cgroup v1 not even SIGKILL reaches what is frozen.
    await writeFile(`${freezer}/${name}/freezer.state`, 'THAWED').catch(() => undefined)
  }
  await until('all processes to be gone', async () => {
    const left = await Promise.all(
      victims.map((pid) => pid && readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    )
    return left.every((command) => !command)
  })
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  for (const path of mounts.filter((one) => one.startsWith(`${daemon.root}/`)).reverse())
    await run('umount', ['-l', path])
  await rm(`${daemon.root}/exec`, { recursive: true, force: true })
  await run('ip', ['link', 'delete', daemon.bridge])
  await run('nft', ['delete', 'table', 'inet', daemon.kernelName])
  await run('find', [
    '/sys/fs/cgroup',
    '-depth',
    '-type',
    'd',
    '-path',
    `*/${daemon.kernelName}*`,
    '-exec',
    'rmdir',
    '{}',
    ';',
  ])
}

suite('restarts', { concurrency: atOnce(2) }, () => {
  const daemon = suiteDaemon()

  test('a restarting container can be looked at, and not be paused, attached to or executed in', async () => {
    await ok(daemon(), 'run', '-d', '--name', 'loops', '--restart', 'always', 'busybox', 'sh', '-c', 'exit 3')
    await until('a longer delay', async () => (await inspect(daemon(), 'loops')).RestartCount >= 5)
    await until('the delay', async () => (await inspect(daemon(), 'loops')).State.Status === 'restarting')
    // Between two looks it may have been started once more, and have ended.
    await until('the state', async () => {
      const { State } = await inspect(daemon(), 'loops')
      const shown = [State.Status, State.Running, State.Restarting, State.Paused, State.ExitCode, State.Pid]
      return JSON.stringify(shown) === JSON.stringify(['restarting', true, true, false, 3, 0])
    })
    for (const [args, message] of [
      [['pause', 'loops'], 'is restarting, wait until the container is running'],
      [['exec', 'loops', 'true'], 'is restarting, wait until the container is running'],
      [['attach', 'loops'], 'cannot attach to a restarting container'],
      [['rm', 'loops'], 'You cannot remove a (restarting|running) container'],
    ] as const) {
      await until(`the refusal of ${args.join(' ')}`, async () => {
        const result = await daemon().docker(args)
        if (args[0] === 'pause' && result.exitCode === 0) await daemon().docker(['unpause', 'loops'])
        return result.exitCode !== 0 && new RegExp(message).test(result.stderr)
      })
    }
    const list = () => ok(daemon(), 'ps', '--filter', 'name=loops', '--format', '{{.Status}}')
    await until('the list', async () => /^Restarting \(3\) /.test(await list()))
    await ok(daemon(), 'update', '--restart', 'no', 'loops')
    await until('the last run', async () => (await inspect(daemon(), 'loops')).State.Status === 'exited')
    await ok(daemon(), 'update', '--restart', 'on-failure:1', 'loops')
    await ok(daemon(), 'start', 'loops')
    await until('to give up', async () => {
      const { State: state, RestartCount } = await inspect(daemon(), 'loops')
      return state.Status === 'exited' && RestartCount === 1
    })
    await ok(daemon(), 'rm', 'loops')
  })

  test('stop, kill, restart and rm --force in the middle of a back-off', async () => {
    for (const name of ['ss', 'kk', 'rr', 'xx']) {
      await ok(
        daemon(),
        'run',
        '-d',
        '--name',
        name,
        '--restart',
        'always',
        'busybox',
        'sh',
        '-c',
        'test -e /go || exit 1; sleep 600',
      )
    }
    await until('delays', async () => {
      const all = await Promise.all(['ss', 'kk', 'rr', 'xx'].map((name) => inspect(daemon(), name)))
      return all.every(({ State, RestartCount }) => RestartCount >= 3 && State.Status === 'restarting')
    })
    // From its next start on it stays up.
    await ok(daemon(), 'cp', '/etc/hostname', 'rr:/go')
    await Promise.all([
      ok(daemon(), 'stop', 'ss'),
      ok(daemon(), 'kill', 'kk'),
      ok(daemon(), 'restart', 'rr'),
      ok(daemon(), 'rm', '-f', 'xx'),
    ])
    assert.equal((await inspect(daemon(), 'ss')).State.Status, 'exited')
    assert.equal((await inspect(daemon(), 'kk')).State.Status, 'exited')
    assert.equal((await inspect(daemon(), 'rr')).RestartCount, 0)
    assert.equal((await daemon().docker(['inspect', 'xx'])).exitCode, 1)
    await ok(daemon(), 'rm', '-f', 'ss', 'kk', 'rr')
  })

  test('--rm and a restart policy exclude each other', async () => {
    const result = await daemon().docker(['run', '--rm', '--restart', 'always', 'busybox', 'true'])
    assert.match(result.stderr, /conflicting options: cannot specify both --restart and --rm/)
    const body = { Image: 'busybox', HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } }
    const { status, body: answer } = await daemon().api('POST', '/containers/create', body)
    assert.deepEqual(
      [status, answer],
      [400, { message: "can't create 'AutoRemove' container with restart policy" }],
    )
  })
})

suite('the end of the daemon and of the machine', { concurrency: atOnce(2) }, () => {
  test('kill -9 in the middle of a back-off, and ends while no daemon is there', async (t) => {
    const daemon = await startDaemon(t)
    const signal = `${daemon.root}/signal`
    await mkdir(signal)
    const wait = 'until test -e /signal/go; do sleep 0.05; done'
    const start = (name: string, policy: string, script: string, ...flags: string[]) =>
      ok(daemon, 'run', '-d', '--name', name, '--restart', policy, ...flags, 'busybox', 'sh', '-c', script)
    await start('loops', 'on-failure', 'exit 3')
    await start('limited', 'on-failure:3', 'sleep 0.2; exit 4')
    const again = `test -e /once && sleep 600; touch /once; ${wait}; exit 5`
    await start('later', 'unless-stopped', again, '-v', `${signal}:/signal`)
    await ok(
      daemon,
      'run',
      '-d',
      '--rm',
      '--name',
      'goes',
      '-v',
      `${signal}:/signal`,
      'busybox',
      'sh',
      '-c',
      wait,
    )
    await until('a delay', async () => (await inspect(daemon, 'loops')).RestartCount >= 4)
    await until('the delay', async () => (await inspect(daemon, 'loops')).State.Status === 'restarting')
    const { RestartCount } = await inspect(daemon, 'loops')
    await daemon.kill9()
    await writeFile(`${signal}/go`, '')
    await until('the ends', async () => (await readdir(`${daemon.root}/exec/exits`)).length >= 2)
    await daemon.start()
    await until('it to go on', async () => (await inspect(daemon, 'loops')).RestartCount > RestartCount)
    await until('it to run again', async () => (await inspect(daemon, 'later')).State.Status === 'running')
    assert.equal((await inspect(daemon, 'later')).RestartCount, 1)
    await until('it to give up', async () => (await inspect(daemon, 'limited')).State.Status === 'exited')
    assert.deepEqual(
      [(await inspect(daemon, 'limited')).RestartCount, (await inspect(daemon, 'limited')).State.ExitCode],
      [3, 4],
    )
    await until('auto-removal', async () => (await daemon.docker(['inspect', 'goes'])).exitCode === 1)
  })

  test('after a reboot always and unless-stopped come back in order, the others have ended with 255', async (t) => {
    const daemon = await startDaemon(t)
    const start = (name: string, flags: string[], command = ['sleep', '600']) =>
      ok(daemon, 'run', '-d', '--name', name, ...flags, 'busybox', ...command)
    await start('base', ['--restart', 'always', '-p', '127.0.0.1::80', '-v', 'kept:/kept'])
    await start('shares', [
      '--restart',
      'unless-stopped',
      '--network',
      'container:base',
      '--pid',
      'container:base',
    ])
    await start('linked', ['--restart', 'always', '--link', 'base:b'])
    await start('stopped', ['--restart', 'unless-stopped'])
    await start('forced', ['--restart', 'always'])
    await start('failing', ['--restart', 'on-failure'])
    await start('plain', [])
    await start('goes', ['--rm'])
    await start('ended', [], ['sh', '-c', 'exit 9'])
    await ok(daemon, 'stop', '-t', '0', 'stopped', 'forced')
    await ok(daemon, 'exec', 'base', 'touch', '/kept/note', '/written')
    await ok(daemon, 'pause', 'plain')
    await until('its end', async () => (await inspect(daemon, 'ended')).State.Status === 'exited')
    await reboot(daemon)
    await daemon.start()
    const status = async (name: string) => {
      const { State } = await inspect(daemon, name)
      return `${State.Status} ${State.ExitCode}`
    }
    for (const name of ['base', 'shares', 'linked', 'forced'])
      assert.equal(await status(name), 'running 0', name)
    assert.equal(await status('stopped'), 'exited 137')
    assert.equal(await status('failing'), 'exited 255')
    assert.equal(await status('plain'), 'exited 255')
    assert.equal(await status('ended'), 'exited 9')
    assert.equal((await daemon.docker(['inspect', 'goes'])).exitCode, 1)
    assert.equal(await ok(daemon, 'exec', 'base', 'ls', '/kept/note', '/written'), '/kept/note\n/written')
    assert.match(await ok(daemon, 'port', 'base'), /^80\/tcp -> 127.0.0.1:\d+$/)
    const { State } = await inspect(daemon, 'plain')
    assert.deepEqual(
      [State.Running, State.Paused, State.Restarting, State.Dead, State.Pid],
      [false, false, false, false, 0],
    )
    assert.ok(Date.parse(String(State.FinishedAt)) > Date.parse(String(State.StartedAt)))
    await ok(daemon, 'start', 'plain', 'failing', 'stopped', 'ended')
  })
})
