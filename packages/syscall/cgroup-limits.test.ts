import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CgroupLayout } from './cgroup.ts'
import { allowRealtime, liftLimit, readLimits, restoreLimits } from './cgroup-limits.ts'

async function tree(t: TestContext, mode: CgroupLayout['mode'], files: Record<string, string>) {
  const root = await mkdtemp(join(tmpdir(), 'gantry-limits-'))
  t.after(() => rm(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  const layout: CgroupLayout = { mode, root, controllers: [], unifiedControllers: [] }
  return { layout, root, read: (path: string) => readFile(join(root, path), 'utf8') }
}

test('v2: what has changed is put back, what has not is left alone', async (t) => {
  const { layout, root, read } = await tree(t, 'v2', {
    'g/x/memory.max': '1000\n',
    'g/x/cpu.max': 'max 100000\n',
    'g/x/cpuset.cpus': '\n',
    'g/x/pids.max': '10\n',
  })
  const before = await readLimits(layout, '/g/x')
  assert.equal(before.size, 4)
  await writeFile(join(root, 'g/x/memory.max'), '2000')
  await writeFile(join(root, 'g/x/cpuset.cpus'), '1')
  assert.deepEqual(await restoreLimits(before), [])
  assert.equal(await read('g/x/memory.max'), '1000')
  assert.equal(await read('g/x/cpuset.cpus'), '\n')
  assert.equal(await read('g/x/pids.max'), '10\n')
})

test('limits of a group that is gone need not be put back', async (t) => {
  const { layout, root } = await tree(t, 'v1', { 'memory/g/x/memory.limit_in_bytes': '1000\n' })
  const before = await readLimits(layout, '/g/x')
  await rm(join(root, 'memory/g/x'), { recursive: true })
  assert.deepEqual(await restoreLimits(before), [])
})

test('lifting: each version in its own words', async (t) => {
  const v1 = await tree(t, 'v1', { 'cpu/g/x/cpu.cfs_quota_us': '5000', 'pids/g/x/pids.max': '10' })
  await liftLimit(v1.layout, '/g/x', 'cpu-quota')
  await liftLimit(v1.layout, '/g/x', 'pids')
  assert.deepEqual(
    [await v1.read('cpu/g/x/cpu.cfs_quota_us'), await v1.read('pids/g/x/pids.max')],
    ['-1', 'max'],
  )
  const v2 = await tree(t, 'v2', { 'g/x/cpu.max': '5000 100000', 'g/x/pids.max': '10' })
  await liftLimit(v2.layout, '/g/x', 'cpu-quota')
  await liftLimit(v2.layout, '/g/x', 'pids')
  assert.deepEqual([await v2.read('g/x/cpu.max'), await v2.read('g/x/pids.max')], ['max', 'max'])
})

test('real-time scheduling is passed on from the top', async (t) => {
  const { layout, read } = await tree(t, 'v1', { 'cpu/cpu.rt_runtime_us': '950000' })
  await allowRealtime(layout, '/parent/gantry', { period: 1_000_000, runtime: 500_000 })
  for (const group of ['parent', 'parent/gantry']) {
    assert.equal(await read(`cpu/${group}/cpu.rt_period_us`), '1000000')
    assert.equal(await read(`cpu/${group}/cpu.rt_runtime_us`), '500000')
  }
})
