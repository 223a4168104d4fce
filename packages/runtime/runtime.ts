/** Creating tasks, and finding or removing those of an earlier daemon. */
import { rmdirSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { Cgroup, type CgroupLayout } from '@gantry/syscall'
import { bundleSpec, writeConfig } from './bundle.ts'
import { CgroupLock } from './cgroup-lock.ts'
import { requireCriu, restoreFailure } from './checkpoint.ts'
import { MonitorError, spawnMonitor } from './conmon.ts'
import type { Runtime, Task, TaskOptions } from './contracts.ts'
import { openFilesOf, translateRuntimeError } from './errors.ts'
import { startExec } from './exec.ts'
import { loadExecs } from './exec-process.ts'
import { ExitDirectory } from './exits.ts'
import { MonitorCgroup } from './monitor-cgroup.ts'
import { MonitorWatch } from './monitor-watch.ts'
import { OciRuntime, type RuntimeProgram } from './oci-runtime.ts'
import type { OciSpec } from './oci-spec.ts'
import { limitCreated, withoutLowLimit } from './open-files.ts'
import { type ProcessPaths, RuntimePaths } from './paths.ts'
import { purgeTask, removeTask } from './purge.ts'
import { bootId, identifyFrom, readRecord, type TaskRecord, writeRecord } from './record.ts'
import { mountRootfs } from './rootfs.ts'
import { SealedPrograms } from './sealed-programs.ts'
import { SeccompCache } from './seccomp-cache.ts'
import { givePipes } from './stdio/ownership.ts'
import { ConmonTask } from './task.ts'

export interface RuntimeOptions {
  /** Run-time directory, best on a tmpfs: bundles, sockets, mounts and exit files. */
  execRoot: string
  /** The conmon program. */
  conmon: string
  /** The OCI runtimes that containers may ask for, as `probeRuntimes` found them. */
  programs: RuntimeProgram[]
  cgroups: CgroupLayout
  /** Under which containers' cgroups are made, e.g. `/gantry`: what is found there belongs to this daemon. */
  cgroupParent: string
  /** The group of the containers' root where that is not the host's: it may pass through to the root file systems. */
  passableTo?: number
  /** Told when a step of `create` is done, so that its time can be measured. */
  reached?: (step: 'runtime.create.mounted') => void
}

/** A Runtime upon conmon, and what has to be closed when the daemon ends. Containers go on. */
export interface ConmonRuntime extends Runtime, Disposable {}

/** Makes the directories under `execRoot` and begins to watch for exits. */
export async function createRuntime(options: RuntimeOptions): Promise<ConmonRuntime> {
  const paths = new RuntimePaths(options.execRoot)
  for (const directory of [paths.root, paths.tasks, paths.exits]) {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  }
  await admit(paths.tasks, options.passableTo)
  const copies = new SealedPrograms()
  const runtimes = options.programs.map((program) => runtimeOf(program, paths, copies.of(program)))
  await Promise.all(runtimes.map((runtime) => runtime.prepare()))
  return new ConmonTasks({ options, paths, runtimes, copies, boot: await bootId() })
}

async function admit(directory: string, group: number | undefined): Promise<void> {
  if (group === undefined) return
  await chmod(directory, 0o710)
  await chown(directory, 0, group)
}

function runtimeOf(program: RuntimeProgram, paths: RuntimePaths, executable?: string): OciRuntime {
  return new OciRuntime(program, paths.ociState(program.name), executable)
}

interface Parts {
  options: RuntimeOptions
  paths: RuntimePaths
  runtimes: OciRuntime[]
  copies: SealedPrograms
  boot: string
}

class ConmonTasks implements ConmonRuntime {
  readonly #options: RuntimeOptions
  readonly #paths: RuntimePaths
  readonly #runtimes: Map<string, OciRuntime>
  readonly #copies: SealedPrograms
  readonly #boot: string
  readonly #exits: ExitDirectory
  readonly #monitors: MonitorWatch
  readonly #monitorCgroup: MonitorCgroup
  readonly #cgroupLock: CgroupLock
  readonly #seccomp = new SeccompCache()

  constructor({ options, paths, runtimes, copies, boot }: Parts) {
    this.#options = options
    this.#paths = paths
    this.#runtimes = new Map(runtimes.map((runtime) => [runtime.program.name, runtime]))
    this.#copies = copies
    this.#boot = boot
    this.#exits = new ExitDirectory(paths.exits)
    this.#monitors = new MonitorWatch(this.#exits)
    this.#monitorCgroup = new MonitorCgroup(options.cgroups, options.cgroupParent)
    this.#cgroupLock = new CgroupLock(options.cgroups)
  }

  async create(options: TaskOptions): Promise<Task> {
    const program = this.#runtimes.get(options.runtime)
    if (!program) throw new GantryError('InvalidParameter', `Unknown runtime specified ${options.runtime}`)
    const paths = this.#paths.task(options.id)
    if (options.restore !== undefined) await requireCriu(program.program)
    await this.#claim(options.id, paths)
    try {
      await mountRootfs(options.rootfs, paths.rootfs)
      this.#options.reached?.('runtime.create.mounted')
      const isCrun = program.program.kind === 'crun'
      const whole = bundleSpec(options, paths)
      const { spec: plain, limit } =
        isCrun && options.restore === undefined ? withoutLowLimit(whole) : { spec: whole, limit: null }
      const spec = isCrun ? this.#seccomp.apply(plain) : plain
      const record = this.#record(options, program, spec)
      await Promise.all([writeRecord(paths.record, record), writeConfig(paths, spec)])
      await this.#spawn(options, program, paths)
      const monitor = await this.#complete(record, paths)
      if (limit && record.process) limitCreated(record.process.pid, limit, spec.process.args[0] ?? '')
      await givePipes(monitor, spec.process.user.uid, record.uidMappings)
      if (isCrun) await this.#seccomp.learn(spec, program.stateOf(options.id))
      return this.#task(record, paths, program, spec.process.args[0] ?? '')
    } catch (error) {
      await this.purge(options.id)
      throw error
    }
  }

  async #claim(id: string, paths: ProcessPaths): Promise<void> {
    try {
      await mkdir(paths.directory, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      throw new GantryError('Conflict', `a task of container ${id} exists already`, { cause: error })
    }
    await admit(paths.directory, this.#options.passableTo)
  }

  #record(options: TaskOptions, runtime: OciRuntime, spec: OciSpec): TaskRecord {
    const { cgroupsPath: cgroup, uidMappings } = spec.linux
    return {
      id: options.id,
      runtime: runtime.program,
      cgroup: typeof cgroup === 'string' && cgroup.startsWith('/') ? cgroup : null,
      stdio: options.stdio,
      ...(uidMappings && { uidMappings }),
      ...(options.restore !== undefined && { restored: true }),
      boot: this.#boot,
    }
  }

  async #spawn(options: TaskOptions, runtime: OciRuntime, paths: ProcessPaths): Promise<void> {
    try {
      await spawnMonitor({
        conmon: this.#options.conmon,
        runtime,
        containerId: options.id,
        paths,
        exitDirectory: this.#paths.exits,
        stdio: options.stdio,
        ...(options.restore !== undefined && { restore: options.restore }),
      })
    } catch (error) {
      const said = error instanceof MonitorError ? error.detail : messageOf(error)
      const reason = options.restore === undefined ? null : await restoreFailure(paths.directory)
      const detail = reason ?? said
      const { process } = options.spec
      const failed = {
        action: 'create',
        command: process.args[0] ?? '',
        openFiles: openFilesOf(process),
      } as const
      throw translateRuntimeError(detail, failed, error)
    }
  }

  /** Adds to the record which processes these are; returns conmon's pid. */
  async #complete(record: TaskRecord, paths: ProcessPaths): Promise<number> {
    const [process, monitor] = await Promise.all([
      identifyFrom(paths.pidFile),
      identifyFrom(paths.monitorPidFile),
    ])
    if (!process || !monitor)
      throw new GantryError('System', 'the container ended while it was being created')
    Object.assign(record, { process, monitor })
    // To change cgroups takes the kernel milliseconds, for which nobody has to wait.
    void this.#monitorCgroup.adopt(monitor.pid)
    await writeRecord(paths.record, record)
    return monitor.pid
  }

  #task(record: TaskRecord, paths: ProcessPaths, runtime: OciRuntime, command: string): Task {
    const { process, monitor, id } = record
    if (!process || !monitor) throw new GantryError('System', `the record of task ${id} is not complete`)
    const cgroup = record.cgroup === null ? null : new Cgroup(this.#options.cgroups, record.cgroup)
    const exit = this.#monitors.exitOf(id, process, monitor, cgroup)
    return new ConmonTask({
      record,
      process,
      paths,
      runtime,
      cgroup,
      command,
      exit,
      exec: (options) =>
        startExec({
          conmon: this.#options.conmon,
          runtime,
          containerId: id,
          paths: paths.exec(options.id),
          options,
          uidMappings: record.uidMappings,
          containerEnded: exit,
          adoptMonitor: (pid) => this.#monitorCgroup.adopt(pid),
        }),
      loadExecs: () => loadExecs(paths, { containerId: id, containerEnded: exit }),
      remove: async () => {
        this.#monitors.forget(id)
        await removeTask({ id, paths, runtime, cgroup })
        await this.#exits.forget(id)
      },
    })
  }

  async load(id: string): Promise<Task | null> {
    const paths = this.#paths.task(id)
    const record = await readRecord(paths.record)
    if (!record?.process || !record.monitor || record.boot !== this.#boot) return null
    // What is neither running nor ended with a record was lost together with its conmon; exitOf settles that too.
    const known = this.#runtimes.get(record.runtime.name)
    const runtime =
      known?.program.path === record.runtime.path ? known : runtimeOf(record.runtime, this.#paths)
    const config = await readFile(paths.config, 'utf8').catch(() => null)
    const spec = config === null ? null : (JSON.parse(config) as OciSpec)
    return this.#task(record, paths, runtime, spec?.process.args[0] ?? '')
  }

  async purge(id: string): Promise<void> {
    const paths = this.#paths.task(id)
    const record = await readRecord(paths.record).catch(() => null)
    const runtimes = record ? [runtimeOf(record.runtime, this.#paths)] : [...this.#runtimes.values()]
    const cgroup = new Cgroup(this.#options.cgroups, record?.cgroup ?? join(this.#options.cgroupParent, id))
    const sameBoot = !record || record.boot === this.#boot
    await purgeTask({ id, paths, runtimes, cgroup, sameBoot })
    await this.#exits.forget(id)
    this.#monitors.abandon(id)
  }

  expectProcess(): void {
    this.#cgroupLock.warm()
  }

  async leftovers(): Promise<string[]> {
    const parent = new Cgroup(this.#options.cgroups, this.#options.cgroupParent)
    const places = [this.#paths.tasks, this.#paths.exits, ...parent.directories()]
    const names = await Promise.all(places.map((place) => readdir(place).catch(() => [])))
    return [...new Set(names.flat().filter((name) => /^[0-9a-f]{64}$/.test(name)))]
  }

  [Symbol.dispose](): void {
    this.#monitors[Symbol.dispose]()
    this.#exits[Symbol.dispose]()
    this.#copies[Symbol.dispose]()
    this.#removeEmptyParent()
  }

  /** The group of all containers goes with the daemon when there is none: the kernel refuses as long as there is one. */
  #removeEmptyParent(): void {
    for (const directory of new Cgroup(this.#options.cgroups, this.#options.cgroupParent).directories()) {
      try {
        rmdirSync(directory)
      } catch {
        // in use, or not there
      }
    }
  }
}
