/** Checkpoints of an experimental daemon. Where CRIU does not work, the message that says so. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { okBy } from './commands.ts'
import { run, suiteDaemon, until } from './harness.ts'

const criu = await run('criu', ['check'])
const works = criu.exitCode === 0

suite('checkpoints', () => {
  const daemon = suiteDaemon({ flags: ['--experimental'] })

  const ok = (client: 'gantry' | 'docker', ...args: string[]) =>
    okBy((words) => daemon()[client](words, { timeout: 120_000 }))(...args)

  for (const client of ['gantry', 'docker'] as const) {
    test(`${client}: a container goes on where it was`, {
      skip: !works && criu.stderr.split('\n')[0],
    }, async (t) => {
      const count = 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done'
      const id = await ok(
        client,
        'run',
        '-d',
        '--runtime',
        'runc',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        count,
      )
      t.after(() => daemon()[client](['rm', '-f', id]))
      const last = async () => Number((await ok(client, 'logs', '--tail', '1', id)).trim())
      await until('some output', async () => (await last()) > 5)
      assert.equal(await ok(client, 'checkpoint', 'create', id, 'first'), 'first')
      assert.equal(await ok(client, 'checkpoint', 'ls', id), 'CHECKPOINT NAME\nfirst')
      await until(
        'the end',
        async () => (await ok(client, 'inspect', '-f', '{{.State.Running}}', id)) === 'false',
      )
      const before = await last()
      await ok(client, 'start', '--checkpoint', 'first', id)
      await until('more output', async () => (await last()) > before)
      const lines = (await ok(client, 'logs', id)).split('\n').map(Number)
      assert.deepEqual(lines.slice(0, before + 2), [...Array(before + 2).keys()])
    })

    test(`${client}: what cannot be is said, and leaves nothing`, async (t) => {
      const id = await ok(client, 'run', '-d', '--runtime', 'crun', 'busybox', 'sleep', '600')
      t.after(() => daemon()[client](['rm', '-f', id]))
      const refused = async (args: string[], message: RegExp) => {
        const { stderr, exitCode } = await daemon()[client](args)
        assert.match(stderr, message)
        assert.notEqual(exitCode, 0)
      }
      if (!(await run('crun', ['--version'])).stdout.includes('+CRIU'))
        await refused(
          ['checkpoint', 'create', id, 'first'],
          /Cannot checkpoint container .*built without CRIU|need CRIU/,
        )
      await refused(['checkpoint', 'rm', id, 'first'], /checkpoint first does not exist for container/)
      await refused(['start', '--checkpoint', 'first', id], /checkpoint first does not exist for container/)
      assert.deepEqual(await ok(client, 'checkpoint', 'ls', id), 'CHECKPOINT NAME')
      assert.equal(await ok(client, 'inspect', '-f', '{{.State.Running}}', id), 'true')
      const terminal = await ok(client, 'run', '-dt', 'busybox', 'sleep', '600')
      t.after(() => daemon()[client](['rm', '-f', terminal]))
      await refused(
        ['checkpoint', 'create', terminal, 'first'],
        /checkpoint not supported on containers with tty/,
      )
    })
  }

  test('CVE-2026-53492: a checkpoint’s id is no path', async (t) => {
    const id = await ok('docker', 'run', '-d', 'busybox', 'sleep', '600')
    const stopped = await ok('docker', 'create', 'busybox', 'true')
    t.after(() => daemon().docker(['rm', '-f', id, stopped]))
    const api = (method: string, path: string, body?: unknown) =>
      daemon().api(method, `/v1.47/containers/${path}`, body)
    const before = await readdir(`${daemon().root}/data/containers/${id}`)
    for (const bad of ['../x', '..', 'a/b', '/tmp/x', 'a/../../b', '']) {
      const created = await api('POST', `${id}/checkpoints`, { CheckpointID: bad })
      assert.equal(created.status, 400, bad)
      if (bad === '') continue
      const name = encodeURIComponent(bad)
      assert.equal((await api('POST', `${stopped}/start?checkpoint=${name}`)).status, 400, bad)
      assert.match(String((await api('DELETE', `${id}/checkpoints/${name}`)).status), /^40[04]$/, bad)
    }
    assert.deepEqual(await readdir(`${daemon().root}/data/containers/${id}`), before)
  })

  test('info, version and ping tell that the daemon is experimental', async () => {
    assert.equal(await ok('docker', 'info', '-f', '{{.ExperimentalBuild}}'), 'true')
    assert.equal(await ok('docker', 'version', '-f', '{{.Server.Experimental}}'), 'true')
  })
})
