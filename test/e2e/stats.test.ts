/** What containers use: the API's samples and the table of both commands. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { suite, test } from 'node:test'
import type { ContainerStatsResponse } from '@gantry/api'
import { repository, suiteDaemon, until } from './harness.ts'

suite('stats', () => {
  const daemon = suiteDaemon()
  const once = async (name: string, query = 'stream=false') =>
    (await daemon().api('GET', `/containers/${name}/stats?${query}`)).body as ContainerStatsResponse

  test('a running container: processors, memory, processes and network, compared with a sample before', async () => {
    await daemon().docker([
      'run',
      '-d',
      '--name',
      'busy',
      '-m',
      '64m',
      'busybox',
      'sh',
      '-c',
      'while :; do :; done',
    ])
    const answer = await once('busy')
    const [now, before] = [answer.cpu_stats, answer.precpu_stats]
    assert.ok((now?.cpu_usage?.total_usage ?? 0) > (before?.cpu_usage?.total_usage ?? 0))
    assert.ok((now?.system_cpu_usage ?? 0) > (before?.system_cpu_usage ?? 0))
    assert.ok((before?.cpu_usage?.total_usage ?? 0) > 0)
    assert.ok(Date.parse(answer.read ?? '') - Date.parse(answer.preread ?? '') >= 450)
    assert.equal(answer.memory_stats?.limit, 64 << 20)
    assert.ok((answer.memory_stats?.usage ?? 0) > 0)
    assert.equal(answer.pids_stats?.current, 1)
    assert.deepEqual(Object.keys(answer.networks as object), ['eth0'])
    assert.equal(answer.name, '/busy')
  })

  test('a shared network is counted for both, the host’s for none', async () => {
    await daemon().docker([
      'run',
      '-d',
      '--name',
      'guest',
      '--net',
      'container:busy',
      'busybox',
      'sleep',
      '600',
    ])
    await daemon().docker(['run', '-d', '--name', 'onhost', '--net', 'host', 'busybox', 'sleep', '600'])
    const guest = await once('guest', 'stream=false&one-shot=true')
    assert.deepEqual(Object.keys(guest.networks as object), ['eth0'])
    assert.equal((await once('onhost', 'stream=false&one-shot=true')).networks, undefined)
  })

  test('one-shot needs stream=false', async () => {
    const { status, body } = await daemon().api('GET', '/containers/busy/stats?one-shot=true')
    assert.deepEqual([status, body], [400, { message: 'cannot have stream=true and one-shot=true' }])
  })

  test('both commands show the same containers', async () => {
    const format = '{{.Name}} {{.PIDs}} {{.MemUsage}}'
    const results = await Promise.all(
      [daemon().gantry, daemon().docker].map((command) =>
        command.call(daemon(), ['stats', '--no-stream', '--format', format, 'busy']),
      ),
    )
    for (const { stdout } of results) assert.match(stdout, /^busy 1 \S+iB \/ 64MiB\n$/)
    const missing = await daemon().gantry(['stats', '--no-stream', 'nope', 'busy', 'neither'])
    assert.equal(missing.exitCode, 1)
    assert.equal(
      missing.stderr,
      'Error response from daemon: No such container: nope\nError response from daemon: No such container: neither\n',
    )
  })

  test('the live table follows containers that come and go', async (t) => {
    const binary = process.env.GANTRY_BINARY ?? `${repository}dist/gantry`
    const table = spawn(binary, ['-H', daemon().host, 'stats', '--format', '{{.Name}}'])
    t.after(() => table.kill('SIGKILL'))
    let shown = ''
    table.stdout.on('data', (text) => {
      shown = `${shown}${text}`.split('\x1b[H').slice(-2).join('\x1b[H')
    })
    const shows = (name: string) => shown.includes(`${name} \x1b[K`)
    await until('the first table', () => shows('busy'))
    await daemon().docker(['run', '-d', '--name', 'late', 'busybox', 'sleep', '600'])
    await until('the container that came', () => shows('late'))
    await daemon().docker(['rm', '-f', 'late'])
    await until('it to go', () => !shows('late') && shows('busy'))
  })

  test('a removed container ends its stream; one that does not run is told of as empty', async () => {
    await daemon().docker(['create', '--name', 'idle', 'busybox', 'true'])
    const stream = daemon().api('GET', '/containers/idle/stats')
    assert.equal((await once('idle')).read, '0001-01-01T00:00:00Z')
    await daemon().docker(['rm', 'idle'])
    const { status } = await stream
    assert.equal(status, 200)
  })
})
