/** A container's process: what the kernel, conmon and the OCI runtime do to it. */
import { closeSync, constants, openSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { GantryError, messageOf } from '@gantry/errors'
import {
  type Cgroup,
  type CgroupUsage,
  isRunning,
  type ProcessIdentity,
  signalProcess,
} from '@gantry/syscall'
import { makeCheckpoint } from './checkpoint.ts'
import type {
  Attachment,
  AttachOptions,
  ConsoleSize,
  ExecOptions,
  ExecTask,
  Exit,
  Task,
} from './contracts.ts'
import { LogReopener, resizeTerminal } from './control.ts'
import { translateRuntimeError } from './errors.ts'
import type { ExitRecord } from './exits.ts'
import { changeLimits } from './limits.ts'
import { whenMade } from './mark-watch.ts'
import type { OciRuntime } from './oci-runtime.ts'
import type { ProcessPaths } from './paths.ts'
import type { TaskRecord } from './record.ts'
import { StdioConnection, stdinMode } from './stdio/connection.ts'

const SIGKILL = 9
/** open(2): a descriptor that only names an object. */
const O_PATH = 0o10000000

/** What a task needs of the runtime it belongs to. */
export interface TaskContext {
  record: TaskRecord
  process: ProcessIdentity
  paths: ProcessPaths
  runtime: OciRuntime
  /** Null when the specification names no cgroup. */
  cgroup: Cgroup | null
  /** First element of the command, for error messages. */
  command: string
  exit: Promise<ExitRecord>
  exec(options: ExecOptions): Promise<ExecTask>
  loadExecs(): Promise<ExecTask[]>
  /** Removes everything of the task. Idempotent. */
  remove(): Promise<void>
}

export class ConmonTask implements Task {
  readonly exit: Promise<Exit>
  readonly #context: TaskContext
  readonly #stdio: StdioConnection
  readonly #log: LogReopener
  #ended = false

  constructor(context: TaskContext) {
    this.#context = context
    const { record, paths } = context
    this.#log = new LogReopener(paths.controlFifo)
    this.#stdio = new StdioConnection({
      socket: paths.attachSocket,
      stdin: stdinMode(record.stdio),
      monitor: () => record.monitor?.pid ?? null,
      ended: () => this.#hasEnded(),
    })
    this.exit = context.exit.then(async (record) => {
      this.#ended = true
      return { ...record, oomKilled: await this.#oomKilled() }
    })
  }

  get id(): string {
    return this.#context.record.id
  }

  get pid(): number {
    return this.#ended ? 0 : this.#context.process.pid
  }

  async start(): Promise<void> {
    const { record, runtime, command } = this.#context
    if (record.restored) return
    try {
      await runtime.start(this.id, () => this.#ended)
    } catch (error) {
      throw translateRuntimeError(messageOf(error), { action: 'start', command }, error)
    }
  }

  /** Null when the OCI runtime does not tell. */
  hasStarted(): Promise<boolean | null> {
    return this.#context.runtime.hasStarted(this.id, this.pid)
  }

  async kill(signal: number, options: { all?: boolean } = {}): Promise<void> {
    if (this.#ended) throw this.#notRunning()
    if (options.all) await this.#killAll(signal)
    else if (!signalProcess(this.#context.process, signal)) throw this.#notRunning()
    // On cgroup v1 a frozen process does not even die before it is thawed.
    if (signal === SIGKILL && (await this.isPaused())) await this.resume()
  }

  async #killAll(signal: number): Promise<void> {
    // A process may fork while the list is read; after SIGKILL there is nobody left to do so in the end.
    for (let round = 0; round < (signal === SIGKILL ? 20 : 1); round++) {
      const pids = await this.processes()
      if (pids.length === 0) return
      for (const pid of pids) killQuietly(pid, signal)
      await sleep(round)
    }
  }

  async checkpoint({ directory, leaveRunning }: { directory: string; leaveRunning: boolean }): Promise<void> {
    if (this.#ended) throw this.#notRunning()
    const { runtime, paths } = this.#context
    await makeCheckpoint({ id: this.id, runtime, directory, work: paths.directory, leaveRunning })
  }

  async pause(): Promise<void> {
    await this.#freeze(true)
  }

  async resume(): Promise<void> {
    await this.#freeze(false)
  }

  async #freeze(frozen: boolean): Promise<void> {
    if (this.#ended) throw this.#notRunning()
    const { cgroup } = this.#context
    if (!cgroup) throw new GantryError('Unavailable', 'cannot pause a container without a cgroup of its own')
    await cgroup.freeze(frozen)
  }

  async isPaused(): Promise<boolean> {
    return (await this.#context.cgroup?.isFrozen()) ?? false
  }

  async resize(size: ConsoleSize): Promise<void> {
    if (this.#ended) throw this.#notRunning()
    await resizeTerminal(this.#context.paths.controlFifo, size)
  }

  async reopenLog(): Promise<boolean> {
    if (this.#ended) throw this.#notRunning()
    return await this.#log.ask()
  }

  get rootfs(): string {
    return this.#context.paths.rootfs
  }

  async openRoot(): Promise<number> {
    const { process } = this.#context
    let fd: number | undefined
    try {
      fd = openSync(`/proc/${process.pid}/root`, O_PATH | constants.O_DIRECTORY)
      if (await isRunning(process)) return fd
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    if (fd !== undefined) closeSync(fd)
    throw this.#notRunning()
  }

  async attach({ stdin = true }: AttachOptions = {}): Promise<Attachment> {
    if (this.#ended) throw this.#notRunning()
    return await this.#stdio.attach(stdin)
  }

  async exec(options: ExecOptions): Promise<ExecTask> {
    if (this.#ended) throw this.#notRunning()
    return await this.#context.exec(options)
  }

  loadExecs(): Promise<ExecTask[]> {
    return this.#context.loadExecs()
  }

  async processes(): Promise<number[]> {
    return (await this.#context.cgroup?.processes()) ?? (this.#ended ? [] : [this.pid])
  }

  onOutOfMemory(told: () => void): () => void {
    return whenMade(this.#context.paths.oomMark, told)
  }

  usage(): CgroupUsage | null {
    return this.#context.cgroup?.usage() ?? null
  }

  async update(resources: Record<string, unknown>): Promise<() => Promise<void>> {
    if (this.#ended) throw this.#notRunning()
    return await changeLimits(this.id, resources, this.#context)
  }

  async delete(): Promise<void> {
    await this.#context.remove()
  }

  async #hasEnded(): Promise<boolean> {
    return this.#ended || !(await isRunning(this.#context.process))
  }

  /** conmon may end before it has read the kernel's notice, so the kernel's own count is asked too. */
  async #oomKilled(): Promise<boolean> {
    const { cgroup, paths } = this.#context
    if (cgroup && (await cgroup.oomKills()) > 0) return true
    return await access(paths.oomMark).then(
      () => true,
      () => false,
    )
  }

  #notRunning(): GantryError {
    return new GantryError('Conflict', `Container ${this.id} is not running`)
  }
}

function killQuietly(pid: number, signal: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
