/** Stand-ins for what the container service stands on, for its unit tests. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ArchiveWorkers } from '@gantry/archive'
import type { Sandbox } from '@gantry/network'
import type { OciSpec } from '@gantry/runtime'
import type { Table } from '@gantry/store'
import type { VolumeRecord } from '@gantry/volumes'
import { until } from '../../../test/until.ts'
import type { ContainerCreateRequest, ResolvedImage } from '../contracts.ts'
import type { ExecRecord } from '../execs/exec.ts'
import { createExecs } from '../execs/execs.ts'
import type { KernelLimits } from '../limits/kernel-limits.ts'
import { LogKeeper } from '../logging/index.ts'
import type { ContainerDependencies } from './dependencies.ts'
import type { ContainerFaultPoint } from './faults.ts'
import { createContainers } from './index.ts'
import type { ContainerRecord } from './record.ts'
import { StorageLimits } from './storage-limits.ts'
import { fakeImages, fakeNetworks, fakeRuntime, fakeVolumes, imageId } from './testing-parts.ts'
import type { FakeTask } from './testing-task.ts'
import { FakeClock } from './testing-time.ts'

export { FakeTask } from './testing-task.ts'
export { FakeClock, settle } from './testing-time.ts'

/** A table in memory. Rows are kept as text, as the database does: what cannot be stored is not there afterwards. */
export function memoryTable<T>(): Table<T> {
  const rows = new Map<string, string>()
  return {
    get: (key) => (rows.has(key) ? JSON.parse(rows.get(key) as string) : undefined),
    set: (key, value) => void rows.set(key, JSON.stringify(value)),
    delete: (key) => rows.delete(key),
    values: () => [...rows.values()].map((row) => JSON.parse(row)),
  }
}

/** A kernel that has every limit there is, of cgroup v1. */
export const wholeKernel: KernelLimits = {
  cgroupVersion: '1',
  memory: true,
  swap: true,
  memoryReservation: true,
  memorySwappiness: true,
  oomKillDisable: true,
  cpuShares: true,
  cpuCfs: true,
  cpuRealtime: true,
  cpuset: true,
  cpus: '0-1',
  mems: '0',
  pids: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioReadBps: true,
  blkioWriteBps: true,
  blkioReadIops: true,
  blkioWriteIops: true,
}

/** Everything faked, and what a test looks at. */
export interface Bench {
  deps: ContainerDependencies
  clock: FakeClock
  /** Tasks by container id, the latest run's. */
  tasks: Map<string, FakeTask>
  purged: string[]
  sandboxes: Map<string, Sandbox>
  volumes: Map<string, VolumeRecord>
  /** `container start spec-a`, in order. */
  events: string[]
  attributes: Record<string, string>[]
  logs: string[]
  image: ResolvedImage
  /** Throws at a fault point, once. */
  failAt: ContainerFaultPoint | null
  runtimeError: Error | null
  containers: ReturnType<typeof createContainers>['containers']
  execs: ReturnType<typeof createExecs>
  services: ReturnType<typeof createContainers>
  execRows: Table<ExecRecord>
  /** A second daemon on the same rows. */
  reopen(): ReturnType<typeof createContainers> & { execs: ReturnType<typeof createExecs> }
  request(changes?: Partial<ContainerCreateRequest>): ContainerCreateRequest
  /** Waits until the container is in that state. */
  reaches(id: string, status: string): Promise<void>
  create(changes?: Partial<ContainerCreateRequest>): Promise<string>
}

/**
 * Containers and their execs on fakes of everything below, with a clock that the test moves. Its directory goes with
 * the test.
 */
export async function bench(t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-containers-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const clock = new FakeClock()
  const it = {
    clock,
    tasks: new Map<string, FakeTask>(),
    purged: [] as string[],
    sandboxes: new Map<string, Sandbox>(),
    volumes: new Map<string, VolumeRecord>(),
    events: [] as string[],
    attributes: [] as Record<string, string>[],
    logs: [] as string[],
    image: { id: imageId, chainId: null, config: { Cmd: ['sh'] }, os: 'linux', architecture: 'amd64' },
    failAt: null,
    runtimeError: null,
  } as unknown as Bench
  it.deps = dependencies(it, directory)
  it.services = createContainers(it.deps)
  it.containers = it.services.containers
  it.execRows = memoryTable<ExecRecord>()
  it.execs = createExecs({ ...it.deps, execTable: it.execRows }, it.services.registry)
  it.reopen = () => {
    const services = createContainers(it.deps)
    return { ...services, execs: createExecs({ ...it.deps, execTable: it.execRows }, services.registry) }
  }
  it.reaches = async (id, status) =>
    void (await until(
      `the state ${status}`,
      async () => (await it.containers.inspect(id)).State?.Status === status,
    ))
  it.request = (changes = {}) => ({
    name: 'spec-a',
    config: { Image: 'busybox', Cmd: ['sleep', '600'] },
    hostConfig: {},
    networkingConfig: {},
    ...changes,
  })
  it.create = async (changes) => (await it.containers.create(it.request(changes))).id
  return it
}

function dependencies(it: Bench, directory: string): ContainerDependencies {
  return {
    table: memoryTable<ContainerRecord>(),
    images: fakeImages(it, directory),
    networks: fakeNetworks(it),
    volumes: fakeVolumes(it, directory),
    runtime: fakeRuntime(it),
    logs: new LogKeeper({
      table: memoryTable(),
      directory: join(directory, 'containers'),
      orphans: join(directory, 'logs'),
      faults: () => {},
      log: (level, message) => void it.logs.push(`${level} ${message}`),
    }),
    archive: new ArchiveWorkers(),
    spec: {
      owner: async () => ({ uid: 0, gid: 0 }),
      container: async ({ record }) => ({ process: { args: record.args } }) as OciSpec,
      labels: () => ({ apparmorProfile: '', processLabel: '', mountLabel: '' }),
      limits: (changes) => ({ changes }),
      exec: async ({ exec }) => ({ user: { uid: 0, gid: 0 }, args: exec.cmd, env: [], cwd: '/' }),
    },
    events: {
      publish: (type, action, _id, attributes) => {
        it.events.push(`${type} ${action} ${attributes.name ?? ''}`.trim())
        it.attributes.push(attributes)
      },
    },
    imageView: {
      open: async () => ({ root: directory, async [Symbol.asyncDispose]() {} }),
      pin: async (source) => ({ root: source, async [Symbol.asyncDispose]() {} }),
      clean: async () => {},
    },
    paths: {
      containers: join(directory, 'containers'),
      init: join(directory, 'init'),
      shm: join(directory, 'shm'),
      views: join(directory, 'views'),
      userNamespaces: join(directory, 'userns'),
    },
    defaults: {
      runtime: 'crun',
      cgroupnsMode: 'private',
      cgroupVersion: 2,
      ipcMode: 'private',
      shmSize: 2 ** 26,
      storageSize: 0,
      maskedPaths: [],
      readonlyPaths: [],
    },
    facts: {
      processors: 2,
      memory: 2 ** 30,
      limits: wholeKernel,
      runtimes: ['crun', 'runc'],
      capabilities: ['CAP_CHOWN', 'CAP_NET_ADMIN'],
      remapped: false,
    },
    storage: new StorageLimits(directory, undefined, false),
    hostGateway: [],
    selinux: null,
    dns: { servers: ['192.0.2.1'], search: [], options: [] },
    clock: it.clock,
    log: (level, message) => void it.logs.push(`${level} ${message}`),
    faults: (point) => {
      if (point !== it.failAt) return
      it.failAt = null
      throw new Error(`fault injected at ${point}`)
    },
    remap: null,
  }
}
