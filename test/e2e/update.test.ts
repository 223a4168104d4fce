/** Limits of running containers, changed through both commands and kept through restarts. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { cgroupLayout } from '@gantry/syscall'
import { startDaemon, suiteDaemon, type TestDaemon } from './harness.ts'

const v2 = cgroupLayout().mode === 'v2'

/** A limit of a container as the kernel has it. */
async function limit(daemon: TestDaemon, id: string, v1File: string, v2File: string): Promise<string> {
  const [controller = '', file = ''] = v1File.split('/')
  const path = v2 ? [daemon.kernelName, id, v2File] : [controller, daemon.kernelName, id, file]
  return (await readFile(join('/sys/fs/cgroup', ...path), 'utf8')).trim()
}

const memory = (daemon: TestDaemon, id: string) =>
  limit(daemon, id, 'memory/memory.limit_in_bytes', 'memory.max')
const pids = (daemon: TestDaemon, id: string) => limit(daemon, id, 'pids/pids.max', 'pids.max')
const quota = (daemon: TestDaemon, id: string) => limit(daemon, id, 'cpu/cpu.cfs_quota_us', 'cpu.max')

async function sleeper(daemon: TestDaemon, name: string, ...options: string[]): Promise<string> {
  const { stdout } = await daemon.gantry(['run', '-d', '--name', name, ...options, 'busybox', 'sleep', '600'])
  return stdout.trim()
}

suite('update', () => {
  const daemon = suiteDaemon()

  for (const client of ['gantry', 'docker'] as const) {
    test(`${client}: limits of a running container change at once and hold after a restart`, async () => {
      const id = await sleeper(daemon(), `live-${client}`, '-m', '64m', '--cpus', '0.5', '--pids-limit', '20')
      const flags = ['-m', '32m', '--cpus', '1.5', '--pids-limit', '30', '--restart', 'on-failure:3']
      const { stdout, stderr } = await daemon()[client](['update', ...flags, `live-${client}`])
      assert.deepEqual([stdout, stderr], [`live-${client}\n`, ''])
      const check = async () => {
        assert.equal(await memory(daemon(), id), String(32 << 20))
        assert.equal(await pids(daemon(), id), '30')
        assert.match(await quota(daemon(), id), /^150000/)
      }
      await check()
      await daemon()[client](['restart', '-t', '0', `live-${client}`])
      await check()
      const format = '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NanoCpus}}'
      const inspected = await daemon()[client](['inspect', '-f', format, id])
      assert.equal(inspected.stdout, 'on-failure 1500000000\n')
    })
  }

  test('limits are lifted', async () => {
    const id = await sleeper(daemon(), 'lifted', '--cpu-quota', '50000', '--pids-limit', '20')
    const { stderr } = await daemon().gantry(['update', '--cpu-quota', '-1', '--pids-limit', '-1', 'lifted'])
    assert.equal(stderr, '')
    assert.equal(await pids(daemon(), id), 'max')
    assert.match(await quota(daemon(), id), v2 ? /^max/ : /^-1$/)
  })

  test('what the kernel refuses changes nothing, and is not written down', { skip: v2 }, async () => {
    const id = await sleeper(daemon(), 'refused', '--cpuset-cpus', '0')
    const { stderr, exitCode } = await daemon().gantry([
      ...['update', '--cpuset-cpus', '0-1', '--cpu-shares', '77', '--cpu-rt-runtime', '900000', 'refused'],
    ])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^Error response from daemon: Cannot update container [0-9a-f]{64}: .*rt_runtime_us/)
    assert.equal(await limit(daemon(), id, 'cpuset/cpuset.cpus', 'cpuset.cpus'), '0')
    assert.equal(await limit(daemon(), id, 'cpu/cpu.shares', 'cpu.weight'), '1024')
    const inspected = await daemon().gantry([
      'inspect',
      '-f',
      '{{.HostConfig.CpusetCpus}} {{.HostConfig.CpuShares}}',
      id,
    ])
    assert.equal(inspected.stdout, '0 0\n')
  })

  test('what an update cannot change is judged and then left alone, as by Docker', async () => {
    const id = await sleeper(daemon(), 'unchanged')
    const before = (await daemon().api('GET', `/containers/${id}/json`)).body as { HostConfig: object }
    const rows: [object, number, RegExp | null][] = [
      [{ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] }, 200, null],
      [{ Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/x', CgroupPermissions: 'r' }] }, 200, null],
      [{ DeviceCgroupRules: ['c 1:3 r'] }, 200, null],
      [{ DeviceRequests: [{ Driver: 'x', Count: 1, Capabilities: [['gpu']] }] }, 200, null],
      [{ Init: true }, 200, null],
      [{ OomKillDisable: true }, 200, /OOM killer is disabled|does not support OomKillDisable/],
      [
        { MemorySwappiness: 500 },
        v2 ? 200 : 400,
        /valid memory swappiness range|does not support memory swappiness/,
      ],
      [{ BlkioWeightDevice: [{ Path: '/dev/null', Weight: 200 }] }, 200, null],
      [{ BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 5 }] }, 200, null],
      [{ BlkioDeviceWriteBps: [{ Path: '/dev/null', Rate: 5 }] }, 200, null],
      [{ BlkioDeviceReadIOps: [{ Path: '/dev/null', Rate: 5 }] }, 200, null],
      [{ BlkioDeviceWriteIOps: [{ Path: '/dev/null', Rate: 5 }] }, 200, null],
    ]
    for (const [body, status, said] of rows) {
      const answer = await daemon().api('POST', `/containers/${id}/update`, body)
      const text = JSON.stringify(answer.body)
      assert.equal(answer.status, status, `${JSON.stringify(body)}: ${text}`)
      if (said) assert.match(text, said)
    }
    const after = (await daemon().api('GET', `/containers/${id}/json`)).body as { HostConfig: object }
    assert.deepEqual(after.HostConfig, before.HostConfig)
  })

  test('several containers: each that can be is updated', async () => {
    await sleeper(daemon(), 'one')
    const { stdout, stderr, exitCode } = await daemon().gantry([
      'update',
      '--cpu-shares',
      '512',
      'nope',
      'one',
    ])
    assert.deepEqual(
      [stdout, stderr, exitCode],
      ['one\n', 'Error response from daemon: No such container: nope\n', 1],
    )
    const nothing = await daemon().gantry(['update', 'one'])
    assert.deepEqual(
      [nothing.stderr, nothing.exitCode],
      ['you must provide one or more flags when using this command\n', 1],
    )
  })
})

test('what the daemon gives to containers that say nothing', async (t) => {
  const flags = [
    '--default-ulimit',
    'nofile=300:400',
    '--default-shm-size',
    '32m',
    '--oom-score-adjust',
    '100',
  ]
  const daemon = await startDaemon(t, { flags })
  const show =
    'ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2; cat /proc/self/oom_score_adj'
  const plain = await daemon.gantry(['run', '--rm', 'busybox', 'sh', '-c', show])
  assert.equal(plain.stdout, '300\n400\n32768\n0\n')
  const own = await daemon.gantry([
    'run',
    '--rm',
    '--ulimit',
    'nofile=50',
    '--shm-size',
    '1m',
    'busybox',
    'sh',
    '-c',
    show,
  ])
  assert.equal(own.stdout, '50\n50\n1024\n0\n')
  assert.equal((await readFile(`/proc/${daemon.pid}/oom_score_adj`, 'utf8')).trim(), '100')
})
