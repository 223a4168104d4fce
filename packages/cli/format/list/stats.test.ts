import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatsResponse } from '@gantry/api'
import { formatList } from './list.ts'
import { type StatsRow, statsColumns, statsFormat } from './stats.ts'

const sample: ContainerStatsResponse = {
  id: 'ab'.repeat(32),
  name: '/web',
  cpu_stats: { cpu_usage: { total_usage: 1_500_000_000 }, system_cpu_usage: 40_000_000_000, online_cpus: 2 },
  precpu_stats: { cpu_usage: { total_usage: 500_000_000 }, system_cpu_usage: 38_000_000_000 },
  memory_stats: { usage: 3_145_728, limit: 67_108_864, stats: { inactive_file: 1_048_576 } },
  networks: { eth0: { rx_bytes: 1200, tx_bytes: 600 }, eth1: { rx_bytes: 34, tx_bytes: 0 } },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: 'Read', value: 4096 },
      { major: 8, minor: 0, op: 'write', value: 5_000_000 },
      { major: 8, minor: 0, op: 'Total', value: 99 },
    ],
  },
  pids_stats: { current: 4 },
}
const row = (changes: Partial<StatsRow> = {}): StatsRow => ({
  container: 'web',
  sample,
  name: '/web',
  id: sample.id ?? '',
  truncate: true,
  ...changes,
})

test('the table of what containers use', () => {
  assert.equal(
    formatList([row()], statsColumns, statsFormat('')),
    'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O         BLOCK I/O     PIDS\n' +
      // 3.125 is half-way: the even digit is shown.
      'abababababab   web       100.00%   2MiB / 64MiB        3.12%     1.23kB / 600B   4.1kB / 5MB   4\n',
  )
})

test('a container without a recent sample has nothing to say', () => {
  const text = formatList([row({ sample: null })], statsColumns, 'json')
  assert.deepEqual(JSON.parse(text), {
    BlockIO: '--',
    CPUPerc: '--',
    Container: 'web',
    ID: 'abababababab',
    MemPerc: '--',
    MemUsage: '-- / --',
    Name: 'web',
    NetIO: '--',
    PIDs: '--',
  })
})

test('version 1 counts droppable files under another name, and a share of nothing is none', () => {
  const stats = { total_inactive_file: 2_097_152, inactive_file: 0 }
  const rows = [row({ sample: { ...sample, memory_stats: { usage: 3_145_728, limit: 0, stats } } })]
  assert.equal(formatList(rows, statsColumns, '{{.MemUsage}} {{.MemPerc}}'), '1MiB / 0B 0.00%\n')
})
