import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerInspectResponse } from '@gantry/api'
import type { Filters } from '../contracts.ts'
import { humanDuration } from './status-text.ts'
import { type Bench, bench } from './testing.ts'

/** Four containers as `ps` tests want them: running, created, exited, paused. */
async function four(it: Bench): Promise<void> {
  const expose = { ExposedPorts: { '80/tcp': {} } }
  await it.create({
    name: 'spec-run',
    config: { Image: 'busybox', Cmd: ['sleep', '600'], Labels: { role: 'web', tier: '1' }, ...expose },
    hostConfig: { PortBindings: { '80/tcp': [{ HostPort: '18083' }] }, Binds: ['vol:/data'] },
  })
  await it.create({ name: 'spec-new', config: { Image: 'busybox', Labels: { role: 'db' } } })
  await it.create({ name: 'spec-exit', config: { Image: 'busybox', Cmd: ['sh', '-c', 'exit 3'] } })
  await it.create({ name: 'spec-ps', hostConfig: { NetworkMode: 'spec-n' } })
  for (const name of ['spec-run', 'spec-exit', 'spec-ps']) await it.containers.start(name)
  await it.containers.pause('spec-ps')
  const { Id = '' } = await it.containers.inspect('spec-exit')
  it.tasks.get(Id)?.end({ exitCode: 3 })
  await it.reaches(Id, 'exited')
}

test('filters', async (t) => {
  const it = await bench(t)
  await four(it)
  const names = async (filters: Filters) =>
    (await it.containers.list({ all: true, filters }))
      .map((one) => one.Names?.[0]?.slice('/spec-'.length))
      .join(' ')
  const cases: [Filters, string][] = [
    [{}, 'ps exit new run'],
    [{ status: ['exited'] }, 'exit'],
    [{ exited: ['3'] }, 'exit'],
    [{ status: ['created', 'paused'] }, 'ps new'],
    [{ label: ['role'] }, 'new run'],
    [{ label: ['role=web', 'tier=1'] }, 'run'],
    [{ name: ['^/spec-p'] }, 'ps'],
    [{ name: ['spec-e', 'w$'] }, 'exit new'],
    [{ ancestor: ['busybox'] }, 'ps exit new run'],
    [{ ancestor: ['nothing'] }, ''],
    [{ before: ['spec-exit'] }, 'new run'],
    [{ since: ['spec-new'] }, 'ps exit'],
    [{ publish: ['18083'] }, 'run'],
    [{ publish: ['18000-18100/tcp'] }, 'run'],
    [{ expose: ['80'] }, 'run'],
    [{ expose: ['80/udp'] }, ''],
    [{ expose: ['80/foo'] }, ''],
    [{ expose: ['79-80-x'] }, 'run'],
    [{ network: ['bridge'] }, 'exit new run'],
    [{ network: ['spec-n'] }, 'ps'],
    [{ volume: ['vol'] }, 'run'],
    [{ volume: ['/data'] }, 'run'],
    [{ health: ['none'] }, 'ps exit new run'],
    [{ 'is-task': ['true'] }, ''],
  ]
  for (const [filters, expected] of cases)
    assert.equal(await names(filters), expected, JSON.stringify(filters))
  const parse = 'strconv.ParseUint: parsing'
  const refusals: [Filters, string][] = [
    [{ publish: ['bad'] }, `error while looking up for publish bad: ${parse} "bad": invalid syntax`],
    [{ expose: ['70000'] }, `error while looking up for expose 70000: ${parse} "70000": value out of range`],
    [{ publish: ['1-'] }, `error while looking up for publish 1-: ${parse} "": invalid syntax`],
    [
      { publish: ['80-70'] },
      'error while looking up for publish 80-70: Invalid range specified for the Port: 80-70',
    ],
    [{ expose: ['/tcp'] }, 'error while looking up for expose /tcp: Empty string specified for ports.'],
    [{ publish: ['a:b'] }, "filter for 'publish' should not contain ':': a:b"],
    [{ 'is-task': ['x'] }, "Invalid filter 'is-task=[x]'"],
  ]
  for (const [filters, message] of refusals)
    await assert.rejects(it.containers.list({ all: true, filters }), { kind: 'InvalidParameter', message })
  assert.equal((await it.containers.list({})).length, 2)
  assert.equal((await it.containers.list({ limit: 2 })).length, 2)
  assert.equal((await it.containers.list({ filters: { status: ['exited'] } })).length, 1)
})

test('filters that make no sense', async (t) => {
  const it = await bench(t)
  const cases: [Filters, string][] = [
    [{ nope: ['1'] }, "Invalid filter 'nope'"],
    [{ status: ['nope'] }, "Invalid filter 'status=nope'"],
    [{ exited: ['x'] }, 'strconv.Atoi: parsing "x": invalid syntax'],
    [{ before: ['spec-none'] }, 'no such container spec-none'],
  ]
  for (const [filters, message] of cases) await assert.rejects(it.containers.list({ filters }), { message })
})

test('a row of the list', async (t) => {
  const it = await bench(t)
  await four(it)
  const { Created, Id, ...row } =
    (await it.containers.list({ filters: { name: ['exit'], status: ['exited'] } }))[0] ?? {}
  assert.equal(typeof Created, 'number')
  assert.equal(Id?.length, 64)
  assert.deepEqual(row.Names, ['/spec-exit'])
  assert.equal(row.Command, "sh -c 'exit 3'")
  assert.equal(row.Status, 'Exited (3) Less than a second ago')
  assert.equal(row.State, 'exited')
  assert.deepEqual(row.HostConfig, { NetworkMode: 'default' })
  assert.deepEqual(row.Ports, [])
  assert.deepEqual(row.Health, { Status: 'none', FailingStreak: 0 })
  it.image = { ...it.image, id: `sha256:${'b'.repeat(64)}` }
  assert.match(
    (await it.containers.list({}))[0]?.Image ?? '',
    /^sha256:a+$/,
    'the name means another image now',
  )
})

test('inspect shows every field of a container that Docker shows', async (t) => {
  const it = await bench(t)
  const id = await it.create({
    config: { Image: 'busybox', Cmd: ['true'], AttachStdout: true, AttachStderr: true },
  })
  const shown: ContainerInspectResponse = await it.containers.inspect(id, { size: true })
  const { State, HostConfig } = shown
  assert.deepEqual(State, {
    Status: 'created',
    Running: false,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 0,
    ExitCode: 0,
    Error: '',
    StartedAt: '0001-01-01T00:00:00Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  })
  assert.deepEqual([shown.SizeRw, shown.SizeRootFs], [0, 1000])
  assert.deepEqual(
    [HostConfig?.NetworkMode, HostConfig?.Runtime, HostConfig?.Binds],
    ['default', 'crun', null],
  )
  assert.deepEqual(Object.keys(shown.NetworkSettings?.Networks ?? {}), ['bridge'])
  assert.equal(shown.NetworkSettings?.Networks?.bridge?.NetworkID, '')
})

test('memory, swap and capabilities are shown as they will be', async (t) => {
  const it = await bench(t)
  const id = await it.create({ hostConfig: { Memory: 2 ** 26, CapAdd: ['net_admin'], Sysctls: {} } })
  const { HostConfig } = await it.containers.inspect(id)
  assert.equal(HostConfig?.MemorySwap, 2 ** 27)
  assert.deepEqual(HostConfig?.CapAdd, ['CAP_NET_ADMIN'])
  assert.ok(!('Sysctls' in (HostConfig ?? {})))
})

test('prune removes what is stopped, by label and time', async (t) => {
  const it = await bench(t)
  await four(it)
  assert.deepEqual((await it.containers.prune({ 'label!': ['role'], until: ['1h'] })).deleted, [])
  const { deleted } = await it.containers.prune({ 'label!': ['role'] })
  assert.equal(deleted.length, 1)
  assert.equal((await it.containers.prune({})).deleted.length, 1)
  assert.equal((await it.containers.list({ all: true })).length, 2)
  assert.equal(it.events.at(-1), 'container prune')
  await assert.rejects(it.containers.prune({ until: ['nope'] }), {
    message: 'failed to parse value as time or duration: "nope"',
  })
  await assert.rejects(it.containers.prune({ nope: [] }), { message: "Invalid filter 'nope'" })
})

test('lengths of time in words', () => {
  const hour = 3600
  const cases: [number, string][] = [
    [0.4, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [120, '2 minutes'],
    [hour, 'About an hour'],
    [hour * 47, '47 hours'],
    [hour * 24 * 10, '10 days'],
    [hour * 24 * 30, '4 weeks'],
    [hour * 24 * 365, '12 months'],
    [hour * 24 * 365 * 3, '3 years'],
  ]
  for (const [seconds, text] of cases) assert.equal(humanDuration(seconds * 1000), text)
})

test('top shows processes as the host does, without the image’s programs', async (t) => {
  const it = await bench(t)
  await it.create()
  await it.containers.start('spec-a')
  const { titles, processes } = await it.containers.top('spec-a', '')
  assert.deepEqual(titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'])
  assert.deepEqual(processes[0]?.slice(1, 3), [String(process.pid), String(process.ppid)])
  const chosen = await it.containers.top('spec-a', '-o pid,comm')
  assert.deepEqual(chosen.titles, ['PID', 'COMMAND'])
  assert.equal((await it.containers.top('spec-a', 'aux')).titles.length, 11)
  await assert.rejects(it.containers.top('spec-a', '-p 4194305'), { message: 'ps: exit status 1' })
})
