import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContainerConfig, HostConfig } from '@gantry/api'
import type { ErrorKind } from '@gantry/errors'
import { generateName, parseName } from './names.ts'
import { type Bench, bench } from './testing.ts'

const config: ContainerConfig = { Image: 'busybox', Cmd: ['true'] }

/** Creates with this configuration and expects a refusal that leaves nothing. */
async function refused(
  it: Bench,
  host: HostConfig,
  message: string | RegExp,
  { kind = 'InvalidParameter', ...changes }: ContainerConfig & { kind?: ErrorKind } = {},
) {
  const request = it.request({ config: { ...config, ...changes }, hostConfig: host })
  await assert.rejects(it.containers.create(request), { kind, message })
  assert.equal(it.deps.table.values().length, 0)
}

test('host configurations that cannot be are refused in Docker’s words', async (t) => {
  const it = await bench(t)
  const mount = (Mounts: HostConfig['Mounts']) => ({ Mounts })
  const policy = (Name: string, MaximumRetryCount = 0) =>
    ({ RestartPolicy: { Name, MaximumRetryCount } }) as HostConfig
  const cases: [HostConfig, string][] = [
    [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
    [
      { StorageOpt: { size: '1G' } },
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    ],
    [
      { Memory: 2 ** 26, MemorySwap: 2 ** 25 },
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [
      { MemorySwap: 2 ** 27 },
      'You should always set the Memory limit when using Memoryswap limit, see usage',
    ],
    [
      { Memory: 2 ** 25, MemoryReservation: 2 ** 26 },
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
    [{ NanoCpus: 1e12 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
    [{ NanoCpus: 1e9, CpuQuota: 50000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
    [{ CpusetCpus: '9999' }, 'Invalid value 9999 for cpuset cpus: value of out range, maximum is 8192'],
    [policy('sometimes'), "invalid restart policy 'sometimes'"],
    [policy('always', 3), "maximum retry count cannot be used with restart policy 'always'"],
    [{ ...policy('always'), AutoRemove: true }, "can't create 'AutoRemove' container with restart policy"],
    [{ CapAdd: ['NOPE'] }, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
    [{ SecurityOpt: ['nope'] }, 'invalid --security-opt 1: "nope"'],
    [
      { LogConfig: { Type: 'nope' as 'none' } },
      'error looking up logging plugin nope: plugin "nope" not found',
    ],
    [
      { LogConfig: { Type: 'json-file', Config: { 'max-size': 'x' } } },
      "failed to initialize logging driver: invalid size: 'x'",
    ],
    [
      { LogConfig: { Type: 'json-file', Config: { nope: '1' } } },
      "unknown log opt 'nope' for json-file log driver",
    ],
    [{ Runtime: 'nope' }, 'Unknown runtime specified nope'],
    [{ Isolation: 'nope' as '' }, 'Invalid isolation: "nope" - linux only supports \'default\''],
    [{ PortBindings: { x: [] } }, 'invalid port specification: "x"'],
    [{ NetworkMode: 'container:' }, 'invalid container format container:<name|id>'],
    [{ IpcMode: 'odd' }, 'invalid IPC mode: odd'],
    [{ PidMode: 'odd' }, 'invalid PID mode: odd'],
    [{ Tmpfs: { relative: '' } }, "invalid mount path: 'relative' mount path must be absolute"],
    [{ Binds: ['a:/x', 'b:/x'] }, 'Duplicate mount point: /x'],
    [
      { Binds: ['/srv:relative'] },
      "invalid volume specification: '/srv:relative': invalid mount config for type \"bind\": invalid mount path: 'relative' mount path must be absolute",
    ],
    [
      { Binds: ['/:/'] },
      "invalid volume specification: '/:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
    ],
    [
      mount([{ Type: 'bind', Source: '/no/such/dir', Target: '/x' }]),
      'invalid mount config for type "bind": bind source path does not exist: /no/such/dir',
    ],
    [
      mount([{ Type: 'bind', Source: 'rel', Target: '/x' }]),
      'invalid mount config for type "bind": invalid mount path: \'rel\' mount path must be absolute',
    ],
    [
      mount([{ Type: 'nosuch' as 'bind', Target: '/x' }]),
      'invalid mount config for type "nosuch": mount type unknown',
    ],
    [
      mount([{ Type: 'tmpfs', Source: '/y', Target: '/x' }]),
      'invalid mount config for type "tmpfs": field Source must not be specified',
    ],
    [
      mount([{ Type: 'volume', Target: '' }]),
      'invalid mount config for type "volume": field Target must not be empty',
    ],
  ]
  for (const [host, message] of cases) await refused(it, host, message)
})

test('container configurations that cannot be are refused in Docker’s words', async (t) => {
  const it = await bench(t)
  const cases: [ContainerConfig & { kind?: ErrorKind }, string][] = [
    [{ Image: 'spec-none:1', kind: 'NotFound' }, 'No such image: spec-none:1'],
    [
      { WorkingDir: 'relative' },
      "the working directory 'relative' is invalid, it needs to be an absolute path",
    ],
    [{ StopSignal: 'NOPE' }, 'Invalid signal: NOPE'],
    [{ Env: ['=x'] }, 'invalid environment variable: =x'],
    [
      { Healthcheck: { Test: ['CMD', 'x'], Interval: 1000 } },
      'Interval in Healthcheck cannot be less than 1ms',
    ],
    [{ Entrypoint: [''], Cmd: [] }, 'No command specified'],
  ]
  for (const [changes, message] of cases) await refused(it, {}, message, changes)
  await assert.rejects(it.containers.create(it.request({ config: {} })), {
    message: 'Config cannot be empty in order to create a container',
  })
  await refused(it, { NetworkMode: 'container:nosuch' }, 'No such container: nosuch')
  await refused(it, { VolumesFrom: ['nosuch'] }, 'No such container: nosuch')
  await refused(it, { VolumesFrom: [''] }, 'volumes-from specification cannot be an empty string')
  for (const mode of ['ro:x', 'zz', 'rslave', 'nocopy', 'ro,rw', 'RO']) {
    await refused(it, { VolumesFrom: [`other:${mode}`] }, `invalid mode: ${mode}`)
  }
})

test('an address is refused on the networks that give out none', async (t) => {
  const it = await bench(t)
  for (const NetworkMode of ['none', 'host'])
    for (const IPAMConfig of [{ IPv4Address: '1.2.3.4' }, { IPv6Address: 'fd00::9' }]) {
      const networkingConfig = { EndpointsConfig: { [NetworkMode]: { IPAMConfig } } }
      const id = await it.create({ name: NetworkMode, hostConfig: { NetworkMode }, networkingConfig })
      await assert.rejects(it.containers.start(id), {
        kind: 'InvalidParameter',
        message: 'user specified IP address is supported on user defined networks only',
      })
      await it.containers.remove(id)
    }
})

test('CVE-2024-40635: a numeric user beyond the kernel’s range is refused, wherever it comes from', async (t) => {
  const it = await bench(t)
  const message = 'uids and gids must be in range 0-2147483647'
  for (const User of ['2147483648', '4294967296', '-1', '0:4294967296', '1:-5'])
    await refused(it, {}, message, { User })
  it.image = { ...it.image, config: { User: '4294967296' } }
  await refused(it, {}, message)
})

test('names: rules, conflicts, and ones of our own', async (t) => {
  const it = await bench(t)
  for (const bad of ['bad name', '-x', 'a', '.x', 'é', 'a/b']) {
    assert.throws(() => parseName(bad), {
      message: `Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    })
  }
  assert.equal(parseName('/spec-a'), 'spec-a')
  const id = await it.create()
  await assert.rejects(it.create(), {
    kind: 'Conflict',
    message: `Conflict. The container name "/spec-a" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  })
  const taken = new Set<string>()
  for (let n = 0; n < 500; n++) {
    const name = generateName((it) => taken.has(it))
    assert.match(name, /^[a-z]+_[a-z]+\d*$/)
    assert.ok(!taken.has(name))
    taken.add(name)
  }
})

test('two creations at once cannot both have the name', async (t) => {
  const it = await bench(t)
  const results = await Promise.allSettled([it.create(), it.create(), it.create()])
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
  assert.equal(it.deps.table.values().length, 1)
})

test('the user’s configuration goes over the image’s', async (t) => {
  const it = await bench(t)
  it.image = {
    ...it.image,
    config: {
      Env: ['PATH=/bin', 'A=image'],
      Cmd: ['image-cmd'],
      Entrypoint: ['entry'],
      Labels: { from: 'image', both: 'image' },
      WorkingDir: '/srv',
      Volumes: { '/data': {} },
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGINT',
    },
  }
  const id = await it.create({
    config: { Image: 'busybox', Env: ['A=user'], Labels: { both: 'user' }, ExposedPorts: { '81/udp': {} } },
  })
  const { Config, Path, Args, Mounts } = await it.containers.inspect(id)
  assert.deepEqual(Config, {
    Hostname: id.slice(0, 12),
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ExposedPorts: { '80/tcp': {}, '81/udp': {} },
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: ['A=user', 'PATH=/bin'],
    Cmd: ['image-cmd'],
    Image: 'busybox',
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Entrypoint: ['entry'],
    Labels: { from: 'image', both: 'user' },
    StopSignal: 'SIGINT',
  })
  assert.deepEqual([Path, Args], ['entry', ['image-cmd']])
  assert.deepEqual(
    [Mounts?.[0]?.Type, Mounts?.[0]?.Destination, Mounts?.[0]?.Name?.length],
    ['volume', '/data', 64],
  )

  const cleared = await it.create({ name: 'cleared', config: { ...config, Entrypoint: [''], Cmd: ['x'] } })
  assert.equal((await it.containers.inspect(cleared)).Path, 'x')
  const own = await it.create({ name: 'own', config: { Image: 'busybox', Entrypoint: ['mine'] } })
  assert.deepEqual((await it.containers.inspect(own)).Args, [])
})

test('mounts: binds, volumes, tmpfs, those of other containers', async (t) => {
  const it = await bench(t)
  await it.create({
    config: { ...config, Volumes: { '/anon': {}, '/v': {} } },
    hostConfig: {
      Binds: ['/srv:/b:ro', 'named:/v'],
      Mounts: [{ Type: 'tmpfs', Target: '/t' }],
    },
  })
  const other = await it.create({
    name: 'other',
    hostConfig: { VolumesFrom: ['spec-a:ro'], Binds: ['mine:/b'] },
  })
  const shown = async (id: string) =>
    ((await it.containers.inspect(id)).Mounts ?? [])
      .map(({ Type, Destination, Mode, RW, Propagation }) =>
        [Type, Destination, Mode, RW, Propagation].join(' '),
      )
      .sort()
  assert.deepEqual(await shown('spec-a'), [
    'bind /b ro false rprivate',
    'tmpfs /t  true ',
    'volume /anon  true ',
    'volume /v z true ',
  ])
  assert.deepEqual(await shown(other), [
    'tmpfs /t  false ',
    'volume /anon  false ',
    'volume /b z true ',
    'volume /v  false ',
  ])
  await it.containers.remove(other, { volumes: true })
  assert.equal(it.volumes.size, 3, 'volumes of the other container stay')
  await it.containers.remove('spec-a', { volumes: true })
  assert.deepEqual([...it.volumes.keys()].sort(), ['mine', 'named'])
})

test('warnings', async (t) => {
  const it = await bench(t)
  const { warnings } = await it.containers.create(
    it.request({ hostConfig: { OomKillDisable: true, NetworkMode: 'host', PortBindings: { '80/tcp': [] } } }),
  )
  assert.deepEqual(warnings, [
    'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    'Published ports are discarded when using host network mode',
  ])
})

test('CVE-2021-41091: nobody but the daemon gets into a container’s directory', async (t) => {
  const it = await bench(t)
  const id = await it.create()
  for (const path of ['', id]) {
    const { mode } = await stat(join(it.deps.paths.containers, path))
    assert.equal(mode & 0o077, 0)
  }
})

test('containers are made with SELinux labels where the daemon gives any', async (t) => {
  const it = await bench(t)
  const create = async (hostConfig: HostConfig) => {
    const { id } = await it.containers.create(it.request({ config, hostConfig, name: '' }))
    const record = it.deps.table.get(id)
    assert.ok(record)
    return { id, labels: record.selinux, options: record.hostConfig.SecurityOpt }
  }
  assert.deepEqual((await create({ Privileged: true })).labels, undefined)
  const context = { user: 'system_u', role: 'object_r', type: 'container_file_t', level: 's0' }
  it.deps.selinux = { process: { ...context, role: 'system_r', type: 'container_t' }, file: context }
  const [one, two] = [await create({}), await create({})]
  assert.match(one.labels?.process ?? '', /^system_u:system_r:container_t:s0:c\d+,c\d+$/)
  assert.notDeepEqual(one.labels, two.labels)
  const shared = await create({ PidMode: `container:${one.id}` })
  assert.equal(shared.labels?.process, one.labels?.process)
  const privileged = await create({ Privileged: true })
  assert.deepEqual(privileged.labels, { process: '', mount: 'system_u:object_r:container_file_t:s0' })
  assert.deepEqual(privileged.options, ['label=disable'])
})
