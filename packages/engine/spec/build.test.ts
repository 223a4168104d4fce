import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig, HostConfig } from '@gantry/api'
import { isKind } from '@gantry/errors'
import type { SpecRequest } from '../containers/dependencies.ts'
import { buildSpec } from './build.ts'
import { allCapabilities } from './capabilities.ts'
import { buildExecProcess } from './exec.ts'
import golden from './golden-runc-config.json' with { type: 'json' }
import { host, id, input, record } from './testing.ts'

type Mounts = SpecRequest['mounts']

const bind = (destination: string, rest: Partial<Mounts[number]> = {}): Mounts[number] => ({
  type: 'bind',
  source: `/host${destination}`,
  destination,
  writable: true,
  propagation: 'rprivate',
  recursive: true,
  options: [],
  ...rest,
})

const built = (config: ContainerConfig, hostConfig: HostConfig, rest = {}) =>
  buildSpec(input(config, hostConfig, rest), host)

const refused = (config: ContainerConfig, hostConfig: HostConfig, message: RegExp, facts = host) =>
  assert.throws(
    () => buildSpec(input(config, hostConfig), facts),
    (error) => isKind(error, 'InvalidParameter') && message.test(error.message),
  )

test('a container is written down as Docker Engine 20.10 wrote it', () => {
  const { config: expected } = golden
  const spec = buildSpec(
    input(
      { Env: ['A=1'] },
      { Memory: 64 * 1024 * 1024, CapAdd: ['NET_ADMIN'] },
      {
        mounts: [bind('/v', { source: '/var/lib/docker/volumes/spec-v/_data', propagation: '' })],
        hostname: '<ID2_______>',
      },
    ),
    host,
  )
  assert.deepEqual(spec.process, expected.process)
  assert.equal(spec.hostname, expected.hostname)
  const files: Record<string, string> = {
    '/etc/resolv.conf': '/c/resolv.conf',
    '/etc/hostname': '/c/hostname',
  }
  files['/etc/hosts'] = '/c/hosts'
  assert.deepEqual(
    spec.mounts,
    expected.mounts.map((mount) => ({ ...mount, source: files[mount.destination] ?? mount.source })),
  )
  const { linux } = spec as unknown as { linux: typeof expected.linux }
  assert.deepEqual(linux.sysctl, expected.linux.sysctl)
  assert.deepEqual(linux.namespaces, expected.linux.namespaces)
  assert.deepEqual(linux.resources.devices, expected.linux.resources.devices)
  const { limit, swap } = expected.linux.resources.memory
  assert.deepEqual(linux.resources.memory, { limit, swap })
  assert.equal(linux.cgroupsPath, `/docker/${id}`)
  for (const path of expected.linux.maskedPaths) assert.ok(linux.maskedPaths.includes(path), path)
  assert.deepEqual(linux.readonlyPaths, expected.linux.readonlyPaths)
  assert.equal(linux.seccomp.defaultAction, expected.linux.seccomp.defaultAction)
  assert.deepEqual(linux.seccomp.architectures, expected.linux.seccomp.architectures)
})

test('CVE-2022-24769: no inheritable and no ambient capabilities', () => {
  for (const spec of [built({}, {}), built({}, { Privileged: true }), built({ User: 'www' }, {})]) {
    assert.deepEqual(
      [spec.process.capabilities?.inheritable, spec.process.capabilities?.ambient],
      [undefined, undefined],
    )
  }
  const { capabilities } = buildExecProcess(
    {
      record: record(),
      exec: { cmd: ['x'], privileged: true },
      users: { passwd: [], group: [] },
      hostname: 'h',
    },
    host,
  )
  assert.deepEqual(Object.keys(capabilities ?? {}), ['bounding', 'effective', 'permitted'])
})

test('capabilities: dropped, added, all, all but some, and none beyond what the host has', () => {
  const bounding = (hostConfig: HostConfig, facts = host) =>
    buildSpec(input({}, hostConfig), facts).process.capabilities?.bounding
  assert.deepEqual(bounding({ CapDrop: ['ALL'], CapAdd: ['chown'] }), ['CAP_CHOWN'])
  assert.deepEqual(bounding({ CapDrop: ['ALL'] }), [])
  assert.ok(!bounding({ CapDrop: ['CAP_KILL'] })?.includes('CAP_KILL'))
  assert.deepEqual(
    bounding({ CapAdd: ['ALL'], CapDrop: ['SYS_ADMIN'] }),
    allCapabilities.filter((name) => name !== 'CAP_SYS_ADMIN'),
  )
  const poor = { ...host, capabilities: allCapabilities.filter((name) => name !== 'CAP_SYS_RESOURCE') }
  assert.equal(bounding({ Privileged: true }, poor)?.includes('CAP_SYS_RESOURCE'), false)
  assert.equal(bounding({ CapAdd: ['SYS_RESOURCE'] }, poor)?.includes('CAP_SYS_RESOURCE'), false)
})

test('a privileged container sees and may do what the host may', () => {
  const device = {
    type: 'c' as const,
    path: '/dev/kmsg',
    major: 1,
    minor: 11,
    fileMode: 0o644,
    uid: 0,
    gid: 0,
  }
  const devices = { requested: [], all: [{ ...device, access: 'rwm' }], numbers: new Map() }
  const { linux, mounts } = built({}, { Privileged: true }, { devices })
  assert.deepEqual([linux.maskedPaths, linux.readonlyPaths, linux.seccomp], [[], [], undefined])
  assert.deepEqual(linux.devices, [device])
  assert.deepEqual((linux.resources as { devices: unknown }).devices, [{ allow: true, access: 'rwm' }])
  for (const { destination, options } of mounts.filter(({ destination }) => destination.startsWith('/sys'))) {
    assert.ok(!options?.includes('ro'), destination)
  }
})

test('mounts: a directory before what is below it, the user before the engine, nothing twice', () => {
  const mounts = [bind('/a/b'), bind('/a'), bind('/etc/hosts'), bind('/dev'), bind('/r', { writable: false })]
  const { mounts: result } = built({}, {}, { mounts })
  const destinations = result.map(({ destination }) => destination)
  assert.ok(destinations.indexOf('/a') < destinations.indexOf('/a/b'))
  assert.equal(destinations.filter((path) => path === '/etc/hosts').length, 1)
  assert.equal(result.find(({ destination }) => destination === '/etc/hosts')?.source, '/host/etc/hosts')
  assert.ok(!destinations.includes('/dev/pts'))
  assert.deepEqual(result.find(({ destination }) => destination === '/r')?.options, [
    'rbind',
    'ro',
    'rprivate',
  ])
})

test('a shared bind makes the root shared, a slave one makes it a slave', () => {
  const root = (propagation: string) =>
    built({}, {}, { mounts: [bind('/m', { propagation })] }).linux.rootfsPropagation
  assert.deepEqual([root('rshared'), root('rslave'), root('rprivate')], ['shared', 'rslave', undefined])
})

test('tmpfs takes the last of options that exclude each other', () => {
  const mount = bind('/t', { type: 'tmpfs', source: '', propagation: '', options: ['size=64m', 'exec'] })
  const { mounts } = built({}, {}, { mounts: [mount] })
  const expected = ['nosuid', 'nodev', 'rprivate', 'size=64m', 'exec']
  assert.deepEqual(mounts.find(({ destination }) => destination === '/t')?.options, expected)
  const bad = input({}, {}, { mounts: [{ ...mount, options: ['nope'] }] })
  assert.throws(() => buildSpec(bad, host), /invalid tmpfs option \["nope"\]/)
})

test('--read-only leaves only the kernel file systems writable', () => {
  const { mounts, root } = built({}, { ReadonlyRootfs: true })
  assert.equal(root.readonly, true)
  const writable = mounts
    .filter(({ options }) => !options?.includes('ro'))
    .map(({ destination }) => destination)
  for (const path of ['/proc', '/dev', '/dev/shm']) assert.ok(writable.includes(path), path)
  assert.ok(!writable.includes('/sys'))
})

test('resources for both cgroup versions', () => {
  const wishes: HostConfig = {
    NanoCpus: 1.5e9,
    CpuShares: 512,
    CpusetCpus: '0-1',
    PidsLimit: 100,
    OomKillDisable: true,
  }
  const of = (cgroupVersion: 1 | 2) => {
    const { devices: _, ...rest } = buildSpec(input({}, wishes), { ...host, cgroupVersion }).linux
      .resources as Record<string, unknown>
    return rest
  }
  const cpu = { shares: 512, period: 100_000, quota: 150_000, cpus: '0-1' }
  assert.deepEqual(of(2), { cpu, pids: { limit: 100 } })
  assert.deepEqual(of(1), { memory: { disableOOMKiller: true }, cpu, pids: { limit: 100 } })
})

test('limits without an end are exact', () => {
  const { process } = built(
    {},
    {
      Ulimits: [
        { Name: 'memlock', Soft: -1, Hard: -1 },
        { Name: 'nofile', Soft: 1, Hard: 2 },
      ],
    },
  )
  assert.deepEqual(process.rlimits, [
    { type: 'RLIMIT_MEMLOCK', soft: 2n ** 64n - 1n, hard: 2n ** 64n - 1n },
    { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 },
  ])
  refused({}, { Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }, /^invalid ulimit type: nope$/)
})

test('namespaces: own, shared by path, and the host', () => {
  const namespaces = { network: '/run/netns/x', pid: 'host', ipc: '/proc/7/ns/ipc' }
  const { linux, hostname } = built({}, { UTSMode: 'host', CgroupnsMode: 'private' }, { namespaces })
  assert.deepEqual(linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/run/netns/x' },
    { type: 'ipc', path: '/proc/7/ns/ipc' },
    { type: 'cgroup' },
  ])
  assert.equal(hostname, undefined)
})

test('--init puts the init program before the command, but not in a shared pid namespace', () => {
  const spec = built({}, { Init: true })
  assert.deepEqual(spec.process.args, ['/sbin/docker-init', '--', 'sleep', '600'])
  assert.equal(spec.mounts.at(-1)?.source, '/usr/bin/catatonit')
  const shared = { namespaces: { network: 'private', pid: 'host', ipc: 'private' } }
  assert.deepEqual(built({}, { Init: true }, shared).process.args, ['sleep', '600'])
  assert.throws(() => buildSpec(input({}, { Init: true }), { ...host, initProgram: null }), /catatonit/)
})

test('CVE-2025-52881: a profile or label that cannot be applied is refused', () => {
  refused({}, { SecurityOpt: ['apparmor=mine'] }, /AppArmor is not enabled/)
  refused({}, { SecurityOpt: ['apparmor=mine'] }, /not loaded/, { ...host, apparmorProfiles: ['other'] })
  refused({}, { SecurityOpt: ['label=type:x_t'] }, /SELinux is not enabled/)
  const facts = { ...host, apparmorProfiles: ['gantry-default', 'mine'], selinux: true }
  const { process } = buildSpec(input({}, { SecurityOpt: ['apparmor=mine', 'label=type:x_t'] }), facts)
  assert.deepEqual([process.apparmorProfile, process.selinuxLabel], ['mine', 'system_u:system_r:x_t:s0'])
  const mountLabel = (...SecurityOpt: string[]) =>
    buildSpec(input({}, { SecurityOpt }), facts).linux.mountLabel
  assert.equal(mountLabel('label=type:x_t'), 'system_u:object_r:container_file_t:s0')
  assert.equal(
    mountLabel('label=level:s0:c1,c2', 'label=user:u', 'label:filetype:f_t'),
    'u:object_r:f_t:s0:c1,c2',
  )
  assert.equal(mountLabel('label=disable', 'label=type:x_t'), undefined)
  const kept = (labels: { process: string; mount: string }, selinux = true) => {
    const made = input({}, { SecurityOpt: ['label=disable'] })
    const { process, linux } = buildSpec(
      { ...made, record: { ...made.record, selinux: labels } },
      { ...facts, selinux },
    )
    return [process.selinuxLabel, linux.mountLabel]
  }
  assert.deepEqual(kept({ process: 'u:r:t:s0', mount: 'u:r:f:s0' }), ['u:r:t:s0', 'u:r:f:s0'])
  assert.deepEqual(kept({ process: '', mount: 'u:r:f:s0' }), [undefined, 'u:r:f:s0'])
  assert.deepEqual(kept({ process: 'u:r:t:s0', mount: 'u:r:f:s0' }, false), [undefined, undefined])
  const profile = (hostConfig: HostConfig) => buildSpec(input({}, hostConfig), facts).process.apparmorProfile
  assert.equal(profile({}), 'gantry-default')
  assert.equal(profile({ SecurityOpt: ['apparmor=docker-default'] }), 'gantry-default')
  assert.equal(profile({ SecurityOpt: ['apparmor=unconfined'] }), 'unconfined')
  assert.equal(profile({ Privileged: true }), 'unconfined')
  assert.equal(profile({ Privileged: true, SecurityOpt: ['apparmor:mine'] }), 'mine')
  refused({}, {}, /gantry-default is not loaded/, { ...host, apparmorProfiles: [] })
})

test('GHSA-6fw5-f8r9-fgfm: what tells of the host is masked', () => {
  const thermal = '/sys/devices/system/cpu/cpu0/thermal_throttle'
  const { linux } = buildSpec(input(), { ...host, extraMaskedPaths: [thermal] })
  const expected = ['/proc/interrupts', '/sys/devices/virtual/powercap', '/proc/timer_list', thermal]
  for (const path of expected) assert.ok((linux.maskedPaths as string[]).includes(path), path)
})

test('the environment keeps Docker’s order, and an entry without a value removes one', () => {
  const { process } = built({ Tty: true, Env: ['PATH=/bin', 'A=', 'B=x=y'] }, {})
  assert.deepEqual(process.env, ['PATH=/bin', 'HOSTNAME=box', 'TERM=xterm', 'A=', 'B=x=y'])
  const exec = buildExecProcess(
    {
      record: record({ Env: ['A=1', 'B=2'] }),
      exec: { cmd: ['x'], env: ['B=3', 'A'] },
      users: { passwd: [], group: [] },
      hostname: 'h',
    },
    host,
  )
  // Of a user whom the database does not know, no OCI runtime finds the home directory.
  assert.deepEqual(exec.env.slice(2), ['B=3', 'HOME=/'])
})

test('device rules are checked', () => {
  const { linux } = built({}, { DeviceCgroupRules: ['c 1:* rw', 'a *:* rwm'] })
  assert.deepEqual((linux.resources as { devices: unknown[] }).devices.slice(-2), [
    { allow: true, type: 'c', major: 1, access: 'rw' },
    { allow: true, type: 'a', access: 'rwm' },
  ])
  refused({}, { DeviceCgroupRules: ['x 1:2 rw'] }, /^invalid device cgroup rule format: 'x 1:2 rw'$/)
})
