/** The daemon owns no container: it is killed, and those it served find everything as it was with the next one. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { type CommandResult, type TestDaemon, until } from '../harness.ts'
import { faultyDaemon, nothingRemains, ok } from './faulty-daemon.ts'

const status = (daemon: TestDaemon, name: string) =>
  ok(daemon, 'inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name)

const pidOf = async (daemon: TestDaemon, name: string) =>
  Number(await ok(daemon, 'inspect', '-f', '{{.State.Pid}}', name))

/** The container's root as the host sees it, to make files in. */
const rootOf = async (daemon: TestDaemon, name: string) => `/proc/${await pidOf(daemon, name)}/root`

/** Runs `script` in a container of that name, which ends at its end. */
const start = (daemon: TestDaemon, name: string, script: string, ...options: string[]) =>
  ok(daemon, 'run', '-d', '--name', name, ...options, 'busybox', 'sh', '-c', script)

interface ExecState {
  Running: boolean
  ExitCode: number | null
  Pid: number
}

const inspectExec = async (daemon: TestDaemon, id: string) =>
  (await daemon.api('GET', `/exec/${id}/json`)).body as ExecState

async function startExec(daemon: TestDaemon, name: string, script: string): Promise<string> {
  const body = { Cmd: ['sh', '-c', script], Env: ['SECRET=1'] }
  const { Id: id } = (await daemon.api('POST', `/containers/${name}/exec`, body)).body as { Id: string }
  assert.equal((await daemon.api('POST', `/exec/${id}/start`, { Detach: true })).status, 200)
  return id
}

/** A shell's way to wait for a file. */
const waitFor = (path: string) => `until test -e ${path}; do sleep 0.02; done`

/** How many requests for such a path a daemon with --debug has accepted. */
const served = (daemon: TestDaemon, path: string): number =>
  daemon.log.split('\n').filter((line) => line.includes('served') && line.includes(path)).length

async function hasEnded(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null)
  return text === null || /\) [ZX]/.test(text)
}

/** The id of the one exec of a container, once its process runs. */
async function execOf(daemon: TestDaemon, name: string): Promise<string> {
  const ids = async () =>
    (await ok(daemon, 'inspect', '-f', '{{range .ExecIDs}}{{println .}}{{end}}', name)).trim()
  const id = await until('the exec', ids)
  await until('its process', async () => (await inspectExec(daemon, id)).Pid > 0)
  return id
}

function endedWithError(result: CommandResult): void {
  assert.notEqual(result.exitCode, 0, JSON.stringify(result))
}

suite('what goes on when the daemon is killed', () => {
  const suiteDaemon = faultyDaemon()

  test('containers run on, and nothing of their output or exit codes is lost', async () => {
    const daemon = suiteDaemon()
    await start(daemon, 'talks', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done')
    await start(daemon, 'ends', `${waitFor('/now')}; exit 17`)
    await start(daemon, 'again', `${waitFor('/now')}; rm /now; exit 3`, '--restart', 'always')
    const pid = await pidOf(daemon, 'talks')
    const pids = await Promise.all(['ends', 'again'].map((name) => pidOf(daemon, name)))
    await daemon.kill9()
    for (const each of pids) await writeFile(`/proc/${each}/root/now`, '')
    for (const each of pids) await until('their ends', () => hasEnded(each))
    await daemon.start()
    assert.equal(await pidOf(daemon, 'talks'), pid)
    assert.equal(await status(daemon, 'ends'), 'exited 17')
    await until('the restart', async () => (await status(daemon, 'again')).startsWith('running'))
    const talked = async () => (await ok(daemon, 'logs', 'talks')).split('\n').length
    await until('output', async () => (await talked()) > 50)
    await ok(daemon, 'stop', '-t', '0', 'talks')
    const lines = (await ok(daemon, 'logs', 'talks')).split('\n')
    assert.deepEqual(
      lines,
      lines.map((_, index) => String(index)),
    )
    await ok(daemon, 'rm', '-f', 'talks', 'ends', 'again')
    await nothingRemains(daemon)
  })

  test('attach, exec, logs -f, wait and networks go on with the next daemon', async () => {
    const daemon = suiteDaemon()
    await ok(daemon, 'network', 'create', 'net')
    await start(daemon, 'server', 'while :; do echo reply | nc -l -p 80; done', '--network', 'net')
    await start(daemon, 'reader', 'read line; echo got $line; exit 6', '-i', '--network', 'net')
    await daemon.kill9()
    await daemon.start()
    const ask = ['exec', 'reader', 'nc', '-w', '5', 'server', '80']
    await until('the reply', async () => (await daemon.gantry(ask)).stdout === 'reply\n')
    const following = daemon.gantry(['logs', '-f', 'reader'])
    const waiting = daemon.gantry(['wait', 'reader'])
    const attached = await daemon.gantry(['attach', 'reader'], { input: 'line\n' })
    assert.deepEqual([attached.stdout, attached.exitCode], ['got line\n', 6])
    assert.equal((await following).stdout, 'got line\n')
    assert.equal((await waiting).stdout, '6\n')
    await ok(daemon, 'rm', '-f', 'server', 'reader')
    await ok(daemon, 'network', 'rm', 'net')
  })

  test('an exec outlives the daemon, and its exit code is learnt whenever it ends', async () => {
    const daemon = suiteDaemon()
    await start(daemon, 'box', 'exec sleep 600')
    const [before, during, after] = [
      await startExec(daemon, 'box', 'exit 3'),
      await startExec(daemon, 'box', `${waitFor('/now')}; exit 4`),
      await startExec(daemon, 'box', `${waitFor('/then')}; exit 5`),
    ]
    await until('the first to end', async () => (await inspectExec(daemon, before)).ExitCode === 3)
    const { Pid: pid } = await inspectExec(daemon, after)
    const { Pid: other } = await inspectExec(daemon, during)
    const root = await rootOf(daemon, 'box')
    await daemon.kill9()
    await writeFile(`${root}/now`, '')
    await until('the second to end', () => hasEnded(other))
    await daemon.start()
    assert.equal((await inspectExec(daemon, before)).ExitCode, 3)
    await until('the second to be known', async () => (await inspectExec(daemon, during)).ExitCode === 4)
    const { Running: running, Pid: same } = await inspectExec(daemon, after)
    assert.deepEqual([running, same], [true, pid])
    assert.equal(await ok(daemon, 'inspect', '-f', '{{len .ExecIDs}}', 'box'), '1')
    await writeFile(`${root}/then`, '')
    await until('the third to end', async () => (await inspectExec(daemon, after)).ExitCode === 5)
    assert.equal((await inspectExec(daemon, after)).Running, false)
    await ok(daemon, 'rm', '-f', 'box')
  })

  test('health checks go on', async () => {
    const daemon = suiteDaemon()
    const check = ['--health-cmd', 'test -e /tmp/well', '--health-interval', '200ms', '--health-retries', '1']
    await start(daemon, 'checked', 'exec sleep 600', ...check)
    await daemon.kill9()
    await daemon.start()
    const health = () => ok(daemon, 'inspect', '-f', '{{.State.Health.Status}}', 'checked')
    await until('unhealthy', async () => (await health()) === 'unhealthy')
    await ok(daemon, 'exec', 'checked', 'touch', '/tmp/well')
    await until('healthy', async () => (await health()) === 'healthy')
    await ok(daemon, 'rm', '-f', 'checked')
  })
})

suite('clients of a daemon that is killed', () => {
  const suiteDaemon = faultyDaemon(['--debug'])

  test('docker exec: the process goes on, and its exit code is kept', async () => {
    const daemon = suiteDaemon()
    await start(daemon, 'box', 'exec sleep 600')
    const client = daemon.docker(['exec', 'box', 'sh', '-c', `echo begun; ${waitFor('/now')}; exit 9`])
    const id = await execOf(daemon, 'box')
    const root = await rootOf(daemon, 'box')
    await daemon.kill9()
    endedWithError(await client)
    await daemon.start()
    assert.equal((await inspectExec(daemon, id)).Running, true)
    await writeFile(`${root}/now`, '')
    await until('its exit code', async () => (await inspectExec(daemon, id)).ExitCode === 9)
    await ok(daemon, 'rm', '-f', 'box')
  })

  test('docker attach: what is written meanwhile is in the log', async () => {
    const daemon = suiteDaemon()
    const script = `echo one; ${waitFor('/now')}; echo two; ${waitFor('/then')}; echo three; exit 4`
    await start(daemon, 'box', script)
    const attached = served(daemon, '/attach')
    const client = daemon.docker(['attach', '--no-stdin', 'box'])
    const root = await rootOf(daemon, 'box')
    await until('its client', () => served(daemon, '/attach') > attached)
    await daemon.kill9()
    endedWithError(await client)
    await writeFile(`${root}/now`, '')
    await daemon.start()
    await writeFile(`${root}/then`, '')
    assert.equal(await ok(daemon, 'wait', 'box'), '4')
    assert.equal(await ok(daemon, 'logs', 'box'), 'one\ntwo\nthree')
    await ok(daemon, 'rm', 'box')
  })

  test('docker wait fails; gantry wait is told by the next daemon', async () => {
    const daemon = suiteDaemon()
    for (const name of ['soon', 'later']) await start(daemon, name, `${waitFor('/now')}; exit 7`)
    const roots = await Promise.all(['soon', 'later'].map((name) => rootOf(daemon, name)))
    const waits = served(daemon, '/wait')
    const theirs = daemon.docker(['wait', 'soon'])
    const ours = daemon.gantry(['wait', 'soon', 'later'])
    const state = daemon.gantry(['wait', '--state', 'exited', 'later'])
    await until('their requests', () => served(daemon, '/wait') >= waits + 4)
    await daemon.kill9()
    endedWithError(await theirs)
    await writeFile(`${roots[0]}/now`, '')
    await daemon.start()
    await writeFile(`${roots[1]}/now`, '')
    assert.deepEqual(await ours, { stdout: '7\n7\n', stderr: '', exitCode: 0 })
    assert.deepEqual(await state, { stdout: 'exited\n', stderr: '', exitCode: 0 })
    await ok(daemon, 'rm', 'soon', 'later')
    await nothingRemains(daemon)
  })
})
