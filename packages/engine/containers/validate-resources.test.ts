import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { KernelLimits } from '../limits/kernel-limits.ts'
import { wholeKernel } from './testing.ts'
import { validateResources } from './validate-resources.ts'

const M = 2 ** 20
const judge = (host: HostConfig, limits: Partial<KernelLimits> = {}, update = false) =>
  validateResources(host, { processors: 2, limits: { ...wholeKernel, ...limits } }, { update })

test('bad values are refused in Docker’s words', () => {
  const cases: [HostConfig, string][] = [
    [{ Memory: 6 * M - 1 }, 'Minimum memory limit allowed is 6MB'],
    [{ Memory: -1 }, 'Minimum memory limit allowed is 6MB'],
    [
      { Memory: 64 * M, MemorySwap: 32 * M },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [{ MemorySwap: 64 * M }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
    [{ MemorySwappiness: 101 }, 'Invalid value: 101, valid memory swappiness range is 0-100'],
    [{ MemorySwappiness: -2 }, 'Invalid value: -2, valid memory swappiness range is 0-100'],
    [{ MemoryReservation: 1 }, 'Minimum memory reservation allowed is 6MB'],
    [
      { Memory: 32 * M, MemoryReservation: 64 * M },
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
    [{ OomScoreAdj: -1001 }, 'Invalid value -1001, range for oom score adj is [-1000, 1000]'],
    [{ NanoCpus: 1e9, CpuPeriod: 1000 }, 'Conflicting options: Nano CPUs and CPU Period cannot both be set'],
    [{ NanoCpus: 1e9, CpuQuota: 1000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
    [{ NanoCpus: 2e9 + 1 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
    [{ NanoCpus: -1 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
    [
      { CpuPeriod: 999 },
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    ],
    [{ CpuQuota: 999 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    [{ CpusetCpus: '0-' }, 'Invalid value 0- for cpuset cpus: invalid format: 0-'],
    [{ CpusetCpus: '1-0' }, 'Invalid value 1-0 for cpuset cpus: invalid format: 1-0'],
    [{ CpusetCpus: '9000' }, 'Invalid value 9000 for cpuset cpus: value of out range, maximum is 8192'],
    [{ CpusetCpus: '0,2' }, 'Requested CPUs are not available - requested 0,2, available: 0-1'],
    [{ CpusetMems: '1' }, 'Requested memory nodes are not available - requested 1, available: 0'],
    [
      { CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 },
      'cpu real-time runtime cannot be higher than cpu real-time period',
    ],
    [{ BlkioWeight: 9 }, 'Range of blkio weight is from 10 to 1000'],
    [{ BlkioWeight: 1001 }, 'Range of blkio weight is from 10 to 1000'],
    [
      { IOMaximumBandwidth: 1 },
      'Invalid QoS settings: linux does not support configuration of maximum bandwidth',
    ],
    [{ IOMaximumIOps: 1 }, 'Invalid QoS settings: linux does not support configuration of maximum IOPs'],
    [{ ShmSize: -1 }, 'SHM size can not be less than 0'],
  ]
  for (const [host, message] of cases) {
    assert.throws(() => judge(host), { kind: 'InvalidParameter', message }, JSON.stringify(host))
  }
})

test('what is odd but possible passes', () => {
  const cases: HostConfig[] = [
    { Memory: 64 * M, MemorySwap: -1 },
    { MemorySwap: -1 },
    { MemorySwappiness: -1 },
    { MemoryReservation: -1 },
    { NanoCpus: 1e9, CpuQuota: -1 },
    { CpuQuota: -1 },
    { PidsLimit: -1 },
    { CpusetCpus: '0,0-1' },
  ]
  for (const host of cases) assert.deepEqual(judge(host), { hostConfig: host, warnings: [] })
  assert.deepEqual(judge({ MemorySwap: 64 * M }, {}, true).warnings, [])
})

/** What a kernel lacks, what is asked of it, what becomes of that and what is said. */
const discarded: [keyof KernelLimits, HostConfig, HostConfig, string][] = [
  [
    'memory',
    { Memory: 64 * M },
    { Memory: 0, MemorySwap: -1 },
    'memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
  ],
  [
    'swap',
    { Memory: 64 * M },
    { Memory: 64 * M, MemorySwap: -1 },
    'swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
  ],
  [
    'memorySwappiness',
    { MemorySwappiness: 10 },
    {},
    'memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
  ],
  [
    'memoryReservation',
    { MemoryReservation: 64 * M },
    { MemoryReservation: 0 },
    'memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.',
  ],
  [
    'oomKillDisable',
    { OomKillDisable: true },
    { OomKillDisable: false },
    'OomKillDisable. OomKillDisable discarded.',
  ],
  [
    'pids',
    { PidsLimit: 5 },
    {},
    'PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
  ],
  [
    'cpuShares',
    { CpuShares: 5 },
    { CpuShares: 0 },
    'CPU shares or the cgroup is not mounted. Shares discarded.',
  ],
  [
    'cpuCfs',
    { CpuQuota: 5000 },
    { CpuQuota: 0, CpuPeriod: 0 },
    'CPU CFS scheduler. CPU period/quota discarded.',
  ],
  [
    'cpuset',
    { CpusetCpus: '9' },
    { CpusetCpus: '', CpusetMems: '' },
    'cpuset or the cgroup is not mounted. Cpuset discarded.',
  ],
  [
    'blkioWeight',
    { BlkioWeight: 5 },
    { BlkioWeight: 0 },
    'Block I/O weight or the cgroup is not mounted. Weight discarded.',
  ],
  [
    'blkioWeightDevice',
    { BlkioWeightDevice: [{ Path: '/x', Weight: 5 }] },
    { BlkioWeightDevice: [] },
    'Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
  ],
  [
    'blkioReadBps',
    { BlkioDeviceReadBps: [{ Path: '/x', Rate: 5 }] },
    { BlkioDeviceReadBps: [] },
    'BPS Block I/O read limit or the cgroup is not mounted. Block I/O BPS read limit discarded.',
  ],
  [
    'blkioWriteIops',
    { BlkioDeviceWriteIOps: [{ Path: '/x', Rate: 5 }] },
    { BlkioDeviceWriteIOps: [] },
    'IOPS Block write limit or the cgroup is not mounted. Block I/O IOPS write limit discarded.',
  ],
]

test('what the kernel does not have is discarded with a warning', () => {
  for (const [limit, wish, hostConfig, text] of discarded) {
    const expected = { hostConfig, warnings: [`Your kernel does not support ${text}`] }
    assert.deepEqual(judge(wish, { [limit]: false }), expected, limit)
  }
})

test('what would do nothing without the kernel’s help is refused', () => {
  assert.throws(() => judge({ NanoCpus: 1e9 }, { cpuCfs: false }), /NanoCPUs can not be set/)
  assert.throws(
    () => judge({ CpuRealtimeRuntime: 10 }, { cpuRealtime: false }),
    (error) => isKind(error, 'InvalidParameter'),
  )
})

test('warnings that are not the kernel’s fault', () => {
  assert.match(judge({ OomKillDisable: true }).warnings.join(), /^OOM killer is disabled for the container/)
  assert.deepEqual(judge({ CpuPercent: 5 }), {
    hostConfig: { CpuPercent: 0 },
    warnings: ['linux does not support CPU percent. Percent discarded.'],
  })
})
