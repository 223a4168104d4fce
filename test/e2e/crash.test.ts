/**
 * The daemon owns no container: it is killed at every step of a container's life, and the next one finds everything in
 * order: what ran runs on, what ended has its exit code, what was half done is finished or gone.
 */
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ContainerFaultPoint, containerFaultPoints, networkFaultPoints } from '@gantry/engine'
import { startDaemon, type TestDaemon, until } from './harness.ts'

/** Points that the life of an ordinary container does not come to: each has a test of its own. */
const ownTests: readonly ContainerFaultPoint[] = [
  'container.health.unhealthy',
  'container.update.recorded',
  'container.update.applied',
]

const format = '{{.State.Status}} {{.State.ExitCode}}'

async function ok(daemon: TestDaemon, ...args: string[]): Promise<string> {
  const result = await daemon.gantry(args)
  assert.equal(result.exitCode, 0, `${args.join(' ')}: ${JSON.stringify(result)}\n${daemon.log}`)
  return result.stdout.trimEnd()
}

/** Everything that belongs to containers below the daemon's directories. */
async function remains(daemon: TestDaemon): Promise<string[]> {
  const list = async (path: string) => (await readdir(path).catch(() => [])).map((name) => `${path}/${name}`)
  const found = await Promise.all([list(`${daemon.root}/data/containers`), list(`${daemon.root}/exec/netns`)])
  return found.flat()
}

suite('kill -9 of the daemon', { concurrency: 2 }, () => {
  test('containers run on, and nothing of their output or exit codes is lost', async (t) => {
    const daemon = await startDaemon(t)
    await ok(
      daemon,
      'run',
      '-d',
      '--name',
      'talks',
      'busybox',
      'sh',
      '-c',
      'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done',
    )
    await ok(daemon, 'run', '-d', '--name', 'ends', 'busybox', 'sh', '-c', 'sleep 1; exit 17')
    await ok(
      daemon,
      'run',
      '-d',
      '--name',
      'again',
      '--restart',
      'always',
      'busybox',
      'sh',
      '-c',
      'sleep 1; exit 3',
    )
    const pid = await ok(daemon, 'inspect', '-f', '{{.State.Pid}}', 'talks')
    await daemon.kill9()
    await sleep(1500)
    await daemon.start()
    assert.equal(await ok(daemon, 'inspect', '-f', '{{.State.Pid}}', 'talks'), pid)
    assert.equal(await ok(daemon, 'inspect', '-f', format, 'ends'), 'exited 17')
    await until(
      'the restart',
      async () => (await ok(daemon, 'inspect', '-f', '{{.State.Status}}', 'again')) === 'running',
    )
    await ok(daemon, 'stop', '-t', '0', 'talks')
    const lines = (await ok(daemon, 'logs', 'talks')).split('\n')
    assert.deepEqual(
      lines,
      lines.map((_, index) => String(index)),
    )
    assert.ok(lines.length > 50, `${lines.length} lines`)
  })

  test('attach, exec, logs -f, wait and networks go on with the next daemon', async (t) => {
    const daemon = await startDaemon(t)
    await ok(daemon, 'network', 'create', 'net')
    await ok(
      daemon,
      'run',
      '-d',
      '--name',
      'server',
      '--network',
      'net',
      'busybox',
      'sh',
      '-c',
      'while :; do echo reply | nc -l -p 80; done',
    )
    await ok(
      daemon,
      'run',
      '-d',
      '-i',
      '--name',
      'reader',
      '--network',
      'net',
      'busybox',
      'sh',
      '-c',
      'read line; echo got $line; exit 6',
    )
    await daemon.kill9()
    await daemon.start()
    assert.equal(await ok(daemon, 'exec', 'reader', 'nc', '-w', '5', 'server', '80'), 'reply')
    const following = daemon.gantry(['logs', '-f', 'reader'])
    const waiting = daemon.gantry(['wait', 'reader'])
    const attached = await daemon.gantry(['attach', 'reader'], { input: 'line\n' })
    assert.deepEqual([attached.stdout, attached.exitCode], ['got line\n', 6])
    assert.equal((await following).stdout, 'got line\n')
    assert.equal((await waiting).stdout, '6\n')
  })

  test('an exec outlives the daemon, and its exit code is learnt whenever it ends', async (t) => {
    const daemon = await startDaemon(t)
    await ok(daemon, 'run', '-d', '--name', 'box', 'busybox', 'sleep', '600')
    const start = async (script: string) => {
      const body = { Cmd: ['sh', '-c', script], Env: ['SECRET=1'] }
      const { Id: id } = (await daemon.api('POST', '/containers/box/exec', body)).body as { Id: string }
      assert.equal((await daemon.api('POST', `/exec/${id}/start`, { Detach: true })).status, 200)
      return id
    }
    const inspect = async (id: string) =>
      (await daemon.api('GET', `/exec/${id}/json`)).body as {
        Running: boolean
        ExitCode: number
        Pid: number
      }
    const [before, during, after] = [
      await start('exit 3'),
      await start('until test -e /now; do sleep 0.02; done; exit 4'),
      await start('until test -e /then; do sleep 0.02; done; exit 5'),
    ]
    await until('the first to end', async () => (await inspect(before)).ExitCode === 3)
    const pid = (await inspect(after)).Pid
    const root = `/proc/${pid}/root`
    await daemon.kill9()
    await writeFile(`${root}/now`, '')
    await sleep(300)
    await daemon.start()
    assert.equal((await inspect(before)).ExitCode, 3)
    await until('the second to have ended', async () => (await inspect(during)).ExitCode === 4)
    assert.deepEqual([(await inspect(after)).Running, (await inspect(after)).Pid], [true, pid])
    assert.equal(await ok(daemon, 'inspect', '-f', '{{len .ExecIDs}}', 'box'), '1')
    await writeFile(`${root}/then`, '')
    await until('the third to end', async () => (await inspect(after)).ExitCode === 5)
    assert.equal((await inspect(after)).Running, false)
  })

  test('health checks go on', async (t) => {
    const daemon = await startDaemon(t)
    await ok(
      daemon,
      'run',
      '-d',
      '--name',
      'checked',
      '--health-cmd',
      'test -e /tmp/well',
      '--health-interval',
      '200ms',
      '--health-retries',
      '1',
      'busybox',
      'sleep',
      '600',
    )
    await daemon.kill9()
    await daemon.start()
    const health = () => ok(daemon, 'inspect', '-f', '{{.State.Health.Status}}', 'checked')
    await until('unhealthy', async () => (await health()) === 'unhealthy')
    await ok(daemon, 'exec', 'checked', 'touch', '/tmp/well')
    await until('healthy', async () => (await health()) === 'healthy')
  })

  for (const point of containerFaultPoints.filter((name) => !ownTests.includes(name))) {
    test(`at ${point}`, async (t) => {
      const daemon = await startDaemon(t)
      await daemon.stop()
      await daemon.start({ GANTRY_FAULT: `${point}:crash` })
      // One of these steps meets the fault point; from then on nobody answers.
      const options = ['-d', '--name', 'victim', '-v', 'data:/data', '-p', '127.0.0.1::80']
      await daemon.gantry(['run', ...options, 'busybox', 'sleep', '600'])
      await daemon.gantry(['exec', 'victim', 'true'])
      await daemon.gantry(['pause', 'victim'])
      await daemon.gantry(['unpause', 'victim'])
      await daemon.gantry(['rename', 'victim', 'renamed'])
      await daemon.gantry(['rename', 'renamed', 'victim'])
      await daemon.gantry(['restart', '-t', '0', 'victim'])
      await daemon.gantry(['stop', '-t', '0', 'victim'])
      await daemon.gantry(['rm', '-v', 'victim'])
      await daemon.ended()

      await daemon.start()
      await daemon.gantry(['rename', 'renamed', 'victim'])
      // A restart that was interrupted is finished.
      if (point.includes('restart'))
        await daemon.gantry(['wait', '--state', 'running', '--timeout', '10s', 'victim'])
      const [status = ''] = (await daemon.gantry(['inspect', '-f', format, 'victim'])).stdout.split(' ')
      const expected = { pause: ['paused'], unpause: ['running'], restart: ['running'] }[
        point.split('.')[1] ?? ''
      ]
      const states = expected ?? ['', 'created', 'running', 'exited']
      assert.ok(states.includes(status.trim()), `state ${status}`)
      if (status === 'paused') await ok(daemon, 'unpause', 'victim')
      if (status.trim() !== '') {
        if (!['running', 'paused'].includes(status)) await ok(daemon, 'start', 'victim')
        assert.equal(await ok(daemon, 'exec', 'victim', 'echo', 'alive'), 'alive')
        await ok(daemon, 'rm', '-f', '-v', 'victim')
      }
      // The name, the volume and the addresses are free again.
      await ok(daemon, 'run', '--rm', '--name', 'victim', '-v', 'data:/data', 'busybox', 'true')
      await until('nothing left', async () => (await remains(daemon)).length === 0)
      assert.deepEqual(await remains(daemon), [])
    })
  }
})

suite('kill -9 of the daemon while it acts on its own', { concurrency: 2 }, () => {
  test('at container.health.unhealthy: the next daemon ends the container', async (t) => {
    const daemon = await startDaemon(t)
    await daemon.stop()
    await daemon.start({ GANTRY_FAULT: 'container.health.unhealthy:crash' })
    const check = ['--health-cmd', 'false', '--health-interval', '100ms', '--health-retries', '1']
    const options = ['-d', '--name', 'victim', ...check, '--health-on-failure', 'kill']
    await daemon.gantry(['run', ...options, 'busybox', 'sleep', '600'])
    await daemon.ended()
    await daemon.start()
    await until('its end', async () => (await ok(daemon, 'inspect', '-f', format, 'victim')) === 'exited 137')
  })
})

suite('kill -9 of the daemon while networks change', { concurrency: 2 }, () => {
  for (const point of networkFaultPoints)
    test(`at ${point}`, async (t) => {
      const daemon = await startDaemon(t)
      await ok(daemon, 'network', 'create', 'net')
      await ok(daemon, 'run', '-d', '--name', 'box', '--hostname', 'h', 'busybox', 'sleep', '600')
      await daemon.stop()
      await daemon.start({ GANTRY_FAULT: `${point}:crash` })
      await daemon.gantry(['network', 'connect', 'net', 'box'])
      await daemon.gantry(['network', 'disconnect', 'net', 'box'])
      await daemon.ended()
      await daemon.start()
      const shown = await ok(
        daemon,
        'inspect',
        '-f',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}\n{{end}}',
        'box',
      )
      const addresses = shown.replaceAll('\\n', '\n').trim().split('\n')
      assert.equal(addresses.length, point.includes('disconnect') ? 1 : 2)
      const links = await ok(daemon, 'exec', 'box', 'ip', '-o', '-4', 'addr', 'show', 'scope', 'global')
      const hosts = await ok(daemon, 'exec', 'box', 'grep', 'h$', '/etc/hosts')
      for (const text of [links, hosts]) {
        assert.equal(text.split('\n').length, addresses.length, text)
        for (const address of addresses) assert.ok(text.includes(address), `${address} in ${text}`)
      }
      if (addresses.length === 2) await ok(daemon, 'network', 'disconnect', 'net', 'box')
      await ok(daemon, 'network', 'rm', 'net')
    })
})

suite('a step that fails', { concurrency: 2 }, () => {
  for (const point of containerFaultPoints.filter((name) => /container\.(create|start)/.test(name))) {
    test(`at ${point} is undone`, async (t) => {
      const daemon = await startDaemon(t)
      await daemon.stop()
      await daemon.start({ GANTRY_FAULT: `${point}:fail` })
      const result = await daemon.gantry([
        'run',
        '--name',
        'victim',
        '-p',
        '127.0.0.1:18080:80',
        'busybox',
        'true',
      ])
      assert.equal(result.exitCode, 125, JSON.stringify(result))
      await daemon.stop()
      await daemon.start()
      await daemon.gantry(['rm', 'victim'])
      assert.deepEqual(await remains(daemon), [])
    })
  }

  for (const point of containerFaultPoints.filter((name) => name.startsWith('exec.start'))) {
    test(`at ${point} leaves no process`, async (t) => {
      const daemon = await startDaemon(t)
      await daemon.stop()
      await daemon.start({ GANTRY_FAULT: `${point}:fail` })
      await ok(daemon, 'run', '-d', '--name', 'box', 'busybox', 'sleep', '600')
      const result = await daemon.gantry(['exec', 'box', 'sleep', '500'])
      assert.match(result.stdout, /fault injected/)
      assert.notEqual(result.exitCode, 0)
      await until('the process to go', async () => !(await ok(daemon, 'top', 'box')).includes('sleep 500'))
      assert.equal(await ok(daemon, 'inspect', '-f', '{{.ExecIDs}}', 'box'), '[]')
    })
  }
})
