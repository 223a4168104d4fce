import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CgroupLayout } from '@gantry/syscall'
import { kernelLimits, limitWarnings } from './kernel-limits.ts'

async function layout(
  t: TestContext,
  mode: CgroupLayout['mode'],
  controllers: string[],
  files: Record<string, string>,
): Promise<CgroupLayout> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-limits-'))
  t.after(() => rm(root, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return { mode, root, controllers, unifiedControllers: [] }
}

const whole = ['cpuset', 'cpu', 'io', 'memory', 'pids']

test('v2: a whole kernel limits everything but what version 2 has no more', async (t) => {
  const limits = kernelLimits(
    await layout(t, 'v2', whole, {
      'cpuset.cpus.effective': '0-3\n',
      'cpuset.mems.effective': '0\n',
      'init.scope/memory.pressure': '',
      'system.slice/memory.max': 'max',
      'system.slice/memory.swap.max': 'max',
      'system.slice/io.max': '',
      'system.slice/io.weight': 'default 100',
    }),
  )
  assert.deepEqual([limits.cpus, limits.mems], ['0-3', '0'])
  assert.deepEqual(
    [limits.memory, limits.swap, limits.blkioWeight, limits.blkioReadBps],
    [true, true, true, true],
  )
  assert.deepEqual(
    [limits.memorySwappiness, limits.oomKillDisable, limits.cpuRealtime],
    [false, false, false],
  )
  assert.deepEqual(limitWarnings(limits), [])
})

test('v2: a kernel without swap accounting and I/O weights says so', async (t) => {
  const limits = kernelLimits(
    await layout(t, 'v2', whole, { 'system.slice/memory.max': 'max', 'system.slice/io.max': '' }),
  )
  assert.equal(limits.swap, false)
  assert.deepEqual(limitWarnings(limits), [
    'WARNING: No swap limit support',
    'WARNING: No io.weight support',
    'WARNING: No io.weight (per device) support',
  ])
})

test('v2: controllers that are not there limit nothing', async (t) => {
  const limits = kernelLimits(await layout(t, 'v2', ['memory'], {}))
  assert.equal(limits.memory, true)
  assert.equal(limitWarnings(limits).length, 11)
  assert.ok(limitWarnings(limits).includes('WARNING: No io.max (rbps) support'))
})

for (const mode of ['v1', 'hybrid'] as const) {
  test(`${mode}: each file tells for itself`, async (t) => {
    const limits = kernelLimits(
      await layout(t, mode, ['memory', 'cpu', 'blkio'], {
        'memory/memory.soft_limit_in_bytes': '1',
        'memory/memory.oom_control': '',
        'cpu/cpu.shares': '1024',
        'cpu/cpu.cfs_quota_us': '-1',
        'blkio/blkio.throttle.read_bps_device': '',
        'blkio/blkio.throttle.write_bps_device': '',
        'blkio/blkio.throttle.read_iops_device': '',
      }),
    )
    assert.deepEqual(
      [limits.memory, limits.swap, limits.memoryReservation, limits.memorySwappiness, limits.cpuRealtime],
      [true, false, true, false, false],
    )
    assert.deepEqual(limitWarnings(limits), [
      'WARNING: No swap limit support',
      'WARNING: No cpuset support',
      'WARNING: No pids limit support',
      'WARNING: No blkio throttle.write_iops_device support',
    ])
  })
}
