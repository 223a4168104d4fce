import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CgroupLayout } from './cgroup.ts'
import { cgroupUsage } from './cgroup-usage.ts'

/** Plain files in the place of a cgroup tree. */
async function tree(
  t: TestContext,
  mode: CgroupLayout['mode'],
  files: Record<string, string>,
): Promise<CgroupLayout> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-usage-'))
  t.after(() => rm(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return { mode, root, controllers: [], unifiedControllers: [] }
}

test('v2: counters of every controller, times in nanoseconds', async (t) => {
  const layout = await tree(t, 'v2', {
    'g/x/cpu.stat':
      'usage_usec 42976\nuser_usec 20000\nsystem_usec 22976\nnr_periods 7\nnr_throttled 3\nthrottled_usec 12\n',
    'g/x/memory.current': '335872\n',
    'g/x/memory.max': '67108864\n',
    'g/x/memory.stat': 'anon 49152\nfile 12288\ninactive_file 4096\n',
    'g/x/memory.events': 'low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n',
    'g/x/pids.current': '5\n',
    'g/x/pids.max': '100\n',
    'g/x/io.stat':
      '8:0 rbytes=90112 wbytes=4096 rios=3 wios=1 dbytes=0 dios=0\n254:1 rbytes=1 wbytes=2 rios=1 wios=1\n',
  })
  const { version, cpu, memory, pids, blockIo } = cgroupUsage(layout, '/g/x')
  assert.equal(version, 2)
  assert.deepEqual(cpu, {
    total: 42_976_000,
    perCpu: null,
    kernel: 22_976_000,
    user: 20_000_000,
    periods: 7,
    throttledPeriods: 3,
    throttledTime: 12_000,
  })
  assert.deepEqual(memory, {
    usage: 335_872,
    limit: 67_108_864,
    maxUsage: null,
    failures: 2,
    stats: { anon: 49_152, file: 12_288, inactive_file: 4096 },
  })
  assert.deepEqual(pids, { current: 5, limit: 100 })
  assert.deepEqual(blockIo.serviceBytes, [
    { major: 8, minor: 0, op: 'read', value: 90_112 },
    { major: 8, minor: 0, op: 'write', value: 4096 },
    { major: 254, minor: 1, op: 'read', value: 1 },
    { major: 254, minor: 1, op: 'write', value: 2 },
  ])
  assert.deepEqual(blockIo.serviced, [])
})

test('v2: what has no limit says so, and controllers that are off are left out', async (t) => {
  const layout = await tree(t, 'v2', {
    'g/x/cpu.stat': 'usage_usec 1\nuser_usec 1\nsystem_usec 0\n',
    'g/x/memory.current': '1\n',
    'g/x/memory.max': 'max\n',
  })
  const { cpu, memory, pids } = cgroupUsage(layout, '/g/x')
  assert.equal(cpu?.periods, 0)
  assert.equal(memory?.limit, null)
  assert.deepEqual(memory?.stats, {})
  assert.equal(pids, null)
})

test('v1: each controller in its own tree', async (t) => {
  const layout = await tree(t, 'v1', {
    'cpuacct/g/x/cpuacct.usage': '42976258\n',
    'cpuacct/g/x/cpuacct.usage_percpu': '28248446 14727812 \n',
    'cpuacct/g/x/cpuacct.stat': 'user 3\nsystem 2\n',
    'cpu/g/x/cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 999\n',
    'memory/g/x/memory.usage_in_bytes': '335872\n',
    'memory/g/x/memory.max_usage_in_bytes': '4349952\n',
    'memory/g/x/memory.limit_in_bytes': '9223372036854771712\n',
    'memory/g/x/memory.failcnt': '6\n',
    'memory/g/x/memory.stat': 'cache 12288\ntotal_inactive_file 0\n',
    'pids/g/x/pids.current': '1\n',
    'pids/g/x/pids.max': 'max\n',
    'blkio/g/x/blkio.bfq.io_service_bytes_recursive': 'Total 0\n',
    'blkio/g/x/blkio.throttle.io_service_bytes_recursive':
      '8:0 Read 90112\n8:0 Write 0\n8:0 Total 90112\nTotal 90112\n',
    'blkio/g/x/blkio.throttle.io_serviced': '8:0 Read 3\nTotal 3\n',
  })
  const { version, cpu, memory, pids, blockIo } = cgroupUsage(layout, '/g/x')
  assert.equal(version, 1)
  assert.deepEqual(cpu, {
    total: 42_976_258,
    perCpu: [28_248_446, 14_727_812],
    kernel: 20_000_000,
    user: 30_000_000,
    periods: 10,
    throttledPeriods: 4,
    throttledTime: 999,
  })
  assert.deepEqual(memory, {
    usage: 335_872,
    limit: null,
    maxUsage: 4_349_952,
    failures: 6,
    stats: { cache: 12_288, total_inactive_file: 0 },
  })
  assert.deepEqual(pids, { current: 1, limit: null })
  assert.deepEqual(
    blockIo.serviceBytes.map(({ op, value }) => [op, value]),
    [
      ['Read', 90_112],
      ['Write', 0],
      ['Total', 90_112],
    ],
  )
  assert.deepEqual(blockIo.serviced, [{ major: 8, minor: 0, op: 'Read', value: 3 }])
})

test('v1: what the scheduler counts comes before what the throttling layer counts', async (t) => {
  const layout = await tree(t, 'hybrid', {
    'blkio/g/x/blkio.bfq.io_service_bytes_recursive': '8:0 Read 5\nTotal 5\n',
    'blkio/g/x/blkio.throttle.io_service_bytes_recursive': '8:0 Read 7\nTotal 7\n',
    'blkio/g/x/blkio.sectors_recursive': '8:0 17\n',
  })
  const { blockIo } = cgroupUsage(layout, '/g/x')
  assert.deepEqual(blockIo.serviceBytes, [{ major: 8, minor: 0, op: 'Read', value: 5 }])
  assert.deepEqual(blockIo.sectors, [{ major: 8, minor: 0, op: '', value: 17 }])
})

test('a group that is gone has used nothing', async (t) => {
  for (const mode of ['v1', 'v2'] as const) {
    const { cpu, memory, pids, blockIo } = cgroupUsage(await tree(t, mode, {}), '/g/x')
    assert.deepEqual([cpu, memory, pids, blockIo.serviceBytes], [null, null, null, []])
  }
})
