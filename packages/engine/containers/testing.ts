/** Stand-ins for what the container service stands on, for its unit tests. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import { ArchiveWorkers } from '@gantry/archive'
import { GantryError } from '@gantry/errors'
import type { NetworkRecord, Networks, Sandbox } from '@gantry/network'
import type {
  Attachment,
  CgroupUsage,
  ExecTask,
  Exit,
  OciSpec,
  Runtime,
  Task,
  TaskOptions,
} from '@gantry/runtime'
import type { Table } from '@gantry/store'
import type { VolumeRecord, Volumes } from '@gantry/volumes'
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

export const imageId = `sha256:${'a'.repeat(64)}` as const

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

/** Time that goes on only when told to. */
export class FakeClock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  #timers: { at: number; callback: () => void }[] = []

  now = () => new Date(this.#now)

  after = (milliseconds: number, callback: () => void) => {
    const timer = { at: this.#now + milliseconds, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How many timers run. */
  get pending(): number {
    return this.#timers.length
  }

  /** Lets time pass, timer by timer, and whatever each of them causes. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await settle()
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      await settle()
    }
    this.#now = end
  }
}

/** Lets everything that is under way come to rest: promises, and the file system's answers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits for what real file operations bring about; fails after a minute. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 12_000; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('it never came to hold')
}

export class FakeTask implements Task {
  readonly options: TaskOptions
  readonly signals: number[] = []
  readonly exit: Promise<Exit>
  readonly stdin: Buffer[] = []
  started = false
  paused = false
  deleted = false
  pid = 4242
  /** Ends the process; by default any of these signals does. */
  readonly end: (exit: Partial<Exit>) => void
  fatalSignals = [9, 15]
  output: PassThrough[] = []
  cgroupUsage: CgroupUsage | null = null
  runOutOfMemory: () => void = () => {}
  readonly updates: Record<string, unknown>[] = []
  updateError: Error | null = null
  /** `hangs`: it ends when it is killed. */
  execResult: { exitCode: number; output: string; hangs?: boolean } | Error = { exitCode: 0, output: '' }
  readonly execKills: string[] = []
  /** Those that a later daemon finds. */
  execs: ExecTask[] = []

  constructor(options: TaskOptions, clock: FakeClock) {
    this.options = options
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.exit = promise
    this.end = (exit) => {
      this.pid = 0
      for (const stream of this.output) stream.end()
      resolve({ exitCode: 0, finishedAt: clock.now(), oomKilled: false, ...exit })
    }
  }

  get id() {
    return this.options.id
  }
  readonly rootfs = '/nowhere'
  async openRoot(): Promise<number> {
    throw new GantryError('Conflict', 'ended')
  }
  async start() {
    this.started = true
  }
  async hasStarted() {
    return this.started
  }
  async kill(signal: number) {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.signals.push(signal)
    if (this.fatalSignals.includes(signal)) this.end({ exitCode: 128 + signal })
  }
  checkpointError: Error | null = null
  async checkpoint({ directory, leaveRunning }: { directory: string; leaveRunning: boolean }) {
    if (this.checkpointError) throw this.checkpointError
    await writeFile(join(directory, 'pages-1.img'), 'state')
    if (!leaveRunning) this.end({ exitCode: 137 })
  }
  async pause() {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.paused = true
  }
  async resume() {
    if (this.pid === 0) throw new GantryError('Conflict', 'ended')
    this.paused = false
  }
  async isPaused() {
    return this.paused
  }
  async resize() {}
  async reopenLog() {
    return true
  }
  async attach(): Promise<Attachment> {
    const output = new PassThrough({ objectMode: true })
    this.output.push(output)
    const stdin = new Writable({
      write: (chunk, _encoding, done) => {
        this.stdin.push(chunk)
        done()
      },
    })
    return {
      output,
      stdin,
      close: () => void output.destroy(),
      async [Symbol.asyncDispose]() {
        output.destroy()
      },
    }
  }
  print(stream: 'stdout' | 'stderr', text: string) {
    for (const output of this.output) output.write({ stream, data: Buffer.from(text) })
  }
  async exec(options: { id: string; attach: boolean }) {
    if (this.execResult instanceof Error) throw this.execResult
    const { exitCode, output: text, hangs } = this.execResult
    const output = new PassThrough({ objectMode: true })
    if (text) output.write({ stream: 'stdout', data: Buffer.from(text) })
    const { promise: exit, resolve } = Promise.withResolvers<Exit>()
    const end = () => {
      output.end()
      resolve({ exitCode, finishedAt: new Date(), oomKilled: false })
    }
    if (!hangs) end()
    const stdin = new PassThrough()
    const exec: ExecTask = {
      id: options.id,
      pid: 99,
      attachment: options.attach ? { output, stdin, close() {}, async [Symbol.asyncDispose]() {} } : null,
      resize: async () => {},
      kill: async (signal: number, { group = false } = {}) => {
        this.execKills.push(`${signal}${group ? ' group' : ''}`)
        end()
      },
      exit,
    }
    this.execs.push(exec)
    return exec
  }
  async loadExecs() {
    return this.execs
  }
  async processes() {
    return [process.pid]
  }
  onOutOfMemory(told: () => void) {
    this.runOutOfMemory = told
    return () => {
      this.runOutOfMemory = () => {}
    }
  }
  usage() {
    return this.cgroupUsage
  }
  async update(resources: Record<string, unknown>) {
    if (this.updateError) throw this.updateError
    this.updates.push(resources)
    return async () => void this.updates.push({ undone: true })
  }
  async delete() {
    this.deleted = true
  }
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
  it.reaches = (id, status) => until(async () => (await it.containers.inspect(id)).State?.Status === status)
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
      labels: () => ({ apparmorProfile: '', selinuxLabel: '' }),
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

function fakeImages(it: Bench, directory: string): ContainerDependencies['images'] {
  const images: ContainerDependencies['images'] = {
    commit: async () => ({ id: imageId, name: '' }),
    resolve: async (reference) => {
      if (reference.startsWith('busybox') || reference === it.image.id) return it.image
      throw new GantryError('NotFound', `No such image: ${reference}`)
    },
    rootfs: async () => [directory],
    inspect: async () => ({ Size: 1000 }),
  }
  return images
}

function fakeRuntime(it: Bench): Runtime {
  return {
    create: async (options) => {
      if (it.runtimeError) throw it.runtimeError
      const task = new FakeTask(options, it.clock)
      it.tasks.set(options.id, task)
      return task
    },
    expectProcess: () => {},
    load: async (id) => it.tasks.get(id) ?? null,
    purge: async (id) => {
      it.purged.push(id)
      it.tasks.delete(id)
    },
    leftovers: async () => [...it.tasks.values()].filter(({ deleted }) => !deleted).map(({ id }) => id),
  }
}

function fakeNetworks(it: Bench): Networks {
  const network = (name: string) =>
    ({ id: name.padEnd(64, '0'), name, driver: 'bridge', ipam: {} }) as NetworkRecord
  const known = ['bridge', 'spec-n'].map(network)
  const networks: Partial<Networks> = {
    restore: async () => {},
    list: () => known,
    find: (reference) => {
      const found = known.find(({ id, name }) => id === reference || name === reference)
      if (!found) throw new GantryError('NotFound', `network ${reference} not found`)
      return found
    },
    createSandbox: async (request) => {
      for (const { network: reference } of request.endpoints) networks.find?.(reference)
      const path = request.mode === 'host' ? null : `/run/netns/${request.containerId}`
      const sandbox: Sandbox = { containerId: request.containerId, path, endpoints: {}, ports: {} }
      it.sandboxes.set(request.containerId, sandbox)
      it.events.push('network connect')
      return sandbox
    },
    sandbox: (id) => it.sandboxes.get(id) ?? null,
    removeSandbox: async (id) => {
      if (it.sandboxes.delete(id)) it.events.push('network disconnect')
    },
    link: () => {},
    renameContainer: () => {},
  }
  return networks as Networks
}

function fakeVolumes(it: Bench, directory: string): Volumes {
  const users = new Map<string, Set<string>>()
  const volumes: Partial<Volumes> = {
    create: async ({
      name = 'x'.repeat(64),
      driver = 'local',
      labels = {},
      options = {},
      anonymous = false,
    }) => {
      const mountpoint = join(directory, 'volumes', name)
      const record = it.volumes.get(name) ?? {
        name,
        driver,
        labels,
        options,
        anonymous,
        mountpoint,
        createdAt: '',
      }
      it.volumes.set(name, record)
      return record
    },
    list: () => [...it.volumes.values()],
    acquire: (name, id) => void users.set(name, (users.get(name) ?? new Set()).add(id)),
    release: (name, id) => void users.get(name)?.delete(id),
    users: (name) => [...(users.get(name) ?? [])],
    remove: async (name) => {
      if (users.get(name)?.size) throw new GantryError('Conflict', `remove ${name}: volume is in use`)
      it.volumes.delete(name)
    },
    mount: async (name) => it.volumes.get(name)?.mountpoint ?? '',
    unmount: async () => {},
    copyUp: async () => {},
  }
  return volumes as Volumes
}
