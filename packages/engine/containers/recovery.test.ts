import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HostConfig } from '@gantry/api'
import { until } from '../../../test/until.ts'
import { newId } from './create.ts'
import type { ContainerRecord } from './record.ts'
import type { State } from './state.ts'
import { type Bench, bench } from './testing.ts'

/** What a killed daemon leaves: a row in this state. */
async function leave(
  it: Bench,
  state: Partial<State>,
  changes: Partial<ContainerRecord> = {},
): Promise<string> {
  const id = await it.create({ name: `spec-${it.deps.table.values().length}` })
  const record = it.deps.table.get(id) as ContainerRecord
  it.deps.table.set(id, { ...record, ...changes, state: { ...record.state, ...state } as State })
  return id
}

async function restored(it: Bench) {
  const services = it.reopen()
  it.containers = services.containers
  await services.restore()
  return services.containers
}

test('a running container is followed on: stop, wait and its end work', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  const containers = await restored(it)
  assert.equal((await containers.inspect(id)).State?.Status, 'running')
  const { result } = await containers.wait(id, 'not-running')
  await containers.stop(id)
  assert.deepEqual(await result, { exitCode: 143 })
})

test('an end while no daemon was there is recorded with its time, and the policy applied', async (t) => {
  const it = await bench(t)
  const id = await it.create({ hostConfig: { RestartPolicy: { Name: 'on-failure' } } })
  await it.containers.start(id)
  const task = it.tasks.get(id)
  it.services.registry.find(id).task = null // the first daemon is dead: it handles nothing any more
  task?.end({ exitCode: 5, finishedAt: new Date('2026-01-01T00:00:09Z') })
  await restored(it)
  await it.reaches(id, 'restarting')
  const { State } = await it.containers.inspect(id)
  assert.deepEqual([State?.ExitCode, State?.FinishedAt], [5, '2026-01-01T00:00:09.000Z'])
  assert.ok(it.events.includes('container die spec-a'))
  await until('the restart to be due', () => it.clock.pending === 1)
  await it.clock.advance(100)
  await it.reaches(id, 'running')
})

test('a container whose process is lost has ended with 255; always brings it back', async (t) => {
  const it = await bench(t)
  const lost = { status: 'running', pid: 1, startedAt: '2026-01-01T00:00:00Z' } as const
  const plain = await leave(it, lost, { started: true })
  const always = await leave(it, lost, { started: true })
  const record = it.deps.table.get(always) as ContainerRecord
  record.hostConfig.RestartPolicy = { Name: 'always' }
  it.deps.table.set(always, record)
  const containers = await restored(it)
  assert.equal((await containers.inspect(plain)).State?.ExitCode, 255)
  assert.equal((await containers.inspect(always)).State?.Status, 'running')
})

test('an interrupted start is undone, and finished when the process runs', async (t) => {
  const it = await bench(t)
  const undone = await leave(it, { status: 'starting', from: 'created' } as State)
  const auto = await leave(it, { status: 'starting', from: 'created' } as State)
  const record = it.deps.table.get(auto) as ContainerRecord
  record.hostConfig.AutoRemove = true
  it.deps.table.set(auto, record)
  const finished = await it.create({ name: 'finished' })
  await it.containers.start(finished)
  const row = it.deps.table.get(finished) as ContainerRecord
  it.deps.table.set(finished, {
    ...row,
    state: { ...row.state, status: 'starting', from: 'created' } as State,
  })
  const containers = await restored(it)
  const { State } = await containers.inspect(undone)
  assert.deepEqual([State?.Status, State?.ExitCode], ['created', 128])
  await assert.rejects(containers.inspect(auto), { kind: 'NotFound' })
  assert.equal((await containers.inspect(finished)).State?.Status, 'running')
})

test('what removes itself and was never started is removed, unless its client comes back to start it', async (t) => {
  const it = await bench(t)
  const hostConfig = { AutoRemove: true }
  const detached = await it.create({ name: 'detached', hostConfig })
  const config = { Cmd: ['true'], AttachStdout: true }
  const left = await it.create({ name: 'left', hostConfig, config })
  const again = await it.create({ name: 'again', hostConfig, config })
  const kept = await it.create({ name: 'kept' })
  const containers = await restored(it)
  await assert.rejects(containers.inspect(detached), { kind: 'NotFound' })
  await containers.start(again)
  await it.clock.advance(30_000)
  await until('it to be removed', () => it.events.includes('container destroy left'))
  await assert.rejects(containers.inspect(left), { kind: 'NotFound' })
  assert.equal((await containers.inspect(again)).State?.Status, 'running')
  assert.equal((await containers.inspect(kept)).State?.Status, 'created')
  await containers.stop(again)
  await until('it to be removed', () => it.events.includes('container destroy again'))
})

test('an interrupted removal is finished, an interrupted create undone', async (t) => {
  const it = await bench(t)
  const removing = await leave(it, { status: 'removing', volumes: true } as State)
  const orphan = newId()
  const directory = join(it.deps.paths.containers, orphan)
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'new-volumes.json'), '["made"]')
  await it.deps.volumes.create({ name: 'made' })
  await it.deps.volumes.create({ name: 'other' })
  const containers = await restored(it)
  await assert.rejects(containers.inspect(removing), { kind: 'NotFound' })
  assert.equal(existsSync(directory), false)
  assert.ok(it.purged.includes(orphan))
  assert.deepEqual([...it.volumes.keys()], ['other'])
})

test('unless-stopped stays stopped, always does not; neither starts what never ran', async (t) => {
  const it = await bench(t)
  const hostConfig = (name: 'always' | 'unless-stopped') => ({
    hostConfig: { RestartPolicy: { Name: name } },
  })
  const ids: string[] = []
  for (const policy of ['always', 'unless-stopped'] as const) {
    ids.push(await it.create({ name: `stopped-${policy}`, ...hostConfig(policy) }))
    await it.containers.start(`stopped-${policy}`)
    await it.containers.stop(`stopped-${policy}`)
  }
  ids.push(await it.create({ name: 'created', ...hostConfig('always') }))
  const containers = await restored(it)
  const states = await Promise.all(ids.map(async (id) => (await containers.inspect(id)).State?.Status))
  assert.deepEqual(states, ['running', 'exited', 'created'])
})

test('what was to be tried again is tried again, also when its start was interrupted', async (t) => {
  const it = await bench(t)
  const hostConfig = { RestartPolicy: { Name: 'on-failure' as const, MaximumRetryCount: 5 } }
  const count = { restartCount: 2, started: true, hostConfig }
  const waiting = await leave(it, { status: 'restarting', exitCode: 1 }, count)
  const begun = await leave(it, { status: 'starting', from: 'restarting' } as State, count)
  const containers = await restored(it)
  for (const id of [waiting, begun]) {
    const { State, RestartCount } = await containers.inspect(id)
    assert.deepEqual([State?.Status, RestartCount], ['running', 2])
  }
})

test('after a reboot containers come back after those they need', async (t) => {
  const it = await bench(t)
  const hostConfig = { RestartPolicy: { Name: 'always' as const } }
  const lost = { status: 'running', pid: 1, startedAt: '2026-01-01T00:00:00Z' } as const
  const first = await leave(it, lost, { started: true, name: 'needs-2' })
  const second = await leave(it, lost, { started: true, name: 'needs-3' })
  const third = await leave(it, lost, { started: true, hostConfig, name: 'spec-3' })
  const share = (id: string, modes: HostConfig) => {
    const row = it.deps.table.get(id) as ContainerRecord
    it.deps.table.set(id, { ...row, hostConfig: { ...hostConfig, ...modes } })
  }
  share(first, { PidMode: `container:${second}` })
  share(second, { PidMode: `container:${third}` })
  it.events.length = 0
  await restored(it)
  assert.deepEqual(
    it.events.filter((event) => event.startsWith('container start')),
    ['container start spec-3', 'container start needs-3', 'container start needs-2'],
  )
})

test('a restart by the user that a daemon did not live to finish is finished by the next', async (t) => {
  const it = await bench(t)
  const stopped = await leave(
    it,
    { status: 'exited', exitCode: 137 },
    { started: true, stoppedByUser: true, restartPending: true },
  )
  const running = await it.create()
  await it.containers.start(running)
  const { registry } = it.services
  registry.update(registry.find(running), { restartPending: true, stoppedByUser: true })
  const containers = await restored(it)
  await it.reaches(stopped, 'running')
  await until(
    'both restarts',
    () => it.events.filter((event) => event.startsWith('container restart')).length === 2,
  )
  assert.equal((await containers.inspect(running)).State?.Status, 'running')
  assert.ok(it.deps.table.values().every(({ restartPending }) => !restartPending))
})

test('a name that was recorded only is told to links and networks', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  await it.containers.start(id)
  it.failAt = 'container.rename.recorded'
  await assert.rejects(it.containers.rename(id, 'renamed'), /fault injected/)
  const told: string[] = []
  it.deps.networks.renameContainer = (container, name) => void told.push(`${container} ${name}`)
  await restored(it)
  assert.deepEqual(told, [`${id} renamed`])
})
