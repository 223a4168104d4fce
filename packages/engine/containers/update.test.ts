import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import type { ErrorKind } from '@gantry/errors'
import { bench } from './testing.ts'

const M = 2 ** 20

async function container(t: Parameters<typeof bench>[0], hostConfig: HostConfig, start = false) {
  const it = await bench(t)
  const id = await it.create({ hostConfig })
  if (start) await it.containers.start(id)
  const host = async () => (await it.containers.inspect(id)).HostConfig ?? {}
  return { it, id, host, task: it.tasks.get(id) }
}

test('a stopped container keeps the change for its next start', async (t) => {
  const { it, id, host } = await container(t, { Memory: 64 * M })
  assert.deepEqual(await it.containers.update(id, { Memory: 32 * M, CpuShares: 512, PidsLimit: -1 }), [])
  const { Memory, MemorySwap, CpuShares, PidsLimit } = await host()
  assert.deepEqual([Memory, MemorySwap, CpuShares, PidsLimit], [32 * M, 128 * M, 512, 0])
  assert.equal(it.events.at(-1), 'container update spec-a')
})

test('a running container is changed at once, by what is said only', async (t) => {
  const { it, id, task } = await container(t, { Memory: 64 * M }, true)
  await it.containers.update(id, { CpusetCpus: '1', NanoCpus: 0, Memory: 0 })
  assert.deepEqual(task?.updates, [{ changes: { CpusetCpus: '1' } }])
})

test('what the kernel refuses has not happened', async (t) => {
  const { it, id, host, task } = await container(t, { Memory: 64 * M }, true)
  assert.ok(task)
  task.updateError = new Error('device or resource busy')
  await assert.rejects(it.containers.update(id, { Memory: 6 * M, RestartPolicy: { Name: 'always' } }))
  const { Memory, RestartPolicy } = await host()
  assert.deepEqual([Memory, RestartPolicy?.Name], [64 * M, 'no'])
  assert.equal(it.services.registry.find(id).record.updating, undefined)
  assert.ok(!it.events.includes('container update spec-a'))
})

test('a failure after the kernel has been told puts its limits back', async (t) => {
  const { it, id, host, task } = await container(t, { Memory: 64 * M }, true)
  it.failAt = 'container.update.applied'
  await assert.rejects(it.containers.update(id, { Memory: 32 * M }))
  assert.deepEqual(task?.updates, [{ changes: { Memory: 32 * M } }, { undone: true }])
  assert.equal((await host()).Memory, 64 * M)
})

test('an update that a daemon did not live to finish is finished by the next', async (t) => {
  const { it, id, task } = await container(t, {}, true)
  const { registry } = it.services
  registry.update(registry.find(id), { updating: { CpuShares: 256 } })
  const next = it.reopen()
  await next.restore()
  assert.deepEqual(task?.updates, [{ changes: { CpuShares: 256 } }])
  assert.equal((await next.containers.inspect(id)).HostConfig?.CpuShares, 256)
  assert.equal(next.registry.find(id).record.updating, undefined)
})

test('contradictions are refused in Docker’s words', async (t) => {
  const conflict = (text: string) => ['Conflict', `Cannot update container ID: ${text}`] as const
  const cases: [HostConfig, Parameters<typeof update>[2], readonly [ErrorKind, string]][] = [
    [
      { Memory: 64 * M },
      { Memory: 129 * M },
      conflict(
        'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
      ),
    ],
    [{}, { Memory: 1024 }, ['InvalidParameter', 'Minimum memory limit allowed is 6MB']],
    [
      { CpuPeriod: 100_000 },
      { NanoCpus: 1e9 },
      conflict('Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set'),
    ],
    [
      { CpuQuota: 50_000 },
      { NanoCpus: 1e9 },
      conflict('Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set'),
    ],
    [
      { NanoCpus: 1e9 },
      { CpuPeriod: 50_000 },
      conflict('Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set'),
    ],
    [
      { NanoCpus: 1e9 },
      { CpuQuota: 50_000 },
      conflict('Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set'),
    ],
    [
      { AutoRemove: true },
      { RestartPolicy: { Name: 'always' } },
      conflict('Restart policy cannot be updated because AutoRemove is enabled for the container'),
    ],
    [{}, { RestartPolicy: { Name: 'nope' as 'no' } }, ['InvalidParameter', "invalid restart policy 'nope'"]],
  ]
  for (const [before, change, [kind, message]] of cases) {
    const { it, id } = await container(t, before)
    await assert.rejects(update(it, id, change), { kind, message: message.replace('ID', id) })
  }
})

const update = (it: Awaited<ReturnType<typeof bench>>, id: string, change: HostConfig) =>
  it.containers.update(id, change)
