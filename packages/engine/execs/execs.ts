import { Readable } from 'node:stream'
import { GantryError, messageOf } from '@gantry/errors'
import { type ConsoleSize, type ExecTask, ProcessStartError } from '@gantry/runtime'
import type { Table } from '@gantry/store'
import { announce } from '../containers/announce.ts'
import { within } from '../containers/clock.ts'
import type { Container } from '../containers/container.ts'
import { newId } from '../containers/create.ts'
import type { ContainerDependencies } from '../containers/dependencies.ts'
import { linkVariables, presentLinks } from '../containers/links.ts'
import { rootFilesystem } from '../containers/paths.ts'
import type { Registry } from '../containers/registry.ts'
import { startFailure } from '../containers/start-errors.ts'
import { isIdle, isUp, notRunning } from '../containers/state.ts'
import { StdioSession, type StdioSource } from '../containers/stdio-session.ts'
import type { AttachSession, ExecCreateRequest, Execs } from '../contracts.ts'
import { type DebugDependencies, Debugger } from '../debug/debugger.ts'
import type { Exec, ExecRecord } from './exec.ts'
import { KeptOutputs } from './kept-outputs.ts'
import { ExecStore } from './store.ts'

/** Milliseconds that a resize waits for the process to be there. */
const startTimeout = 10_000
const SIGKILL = 9
/** Milliseconds in which the end of a container without processes is written down. */
const endGrace = 5_000
/** How long to wait before trying again to write down an end, in milliseconds. */
const retryDelay = 1000
/** Of an exec whose end nobody has seen. */
const unknownExitCode = 255

export interface ExecDependencies
  extends DebugDependencies,
    Pick<
      ContainerDependencies,
      'spec' | 'networks' | 'events' | 'clock' | 'images' | 'paths' | 'log' | 'faults'
    > {
  execTable: Table<ExecRecord>
}

interface StartOptions {
  detach?: boolean
  tty?: boolean
  consoleSize?: ConsoleSize
  resumable?: boolean
}

/**
 * Makes the service of commands in running containers. Execs that the table has from before are dealt with by
 * `restore`.
 */
export function createExecs(deps: ExecDependencies, registry: Registry): Execs {
  return new ContainerExecs(deps, registry)
}

class ContainerExecs implements Execs {
  readonly #deps: ExecDependencies
  readonly #registry: Registry
  readonly #store: ExecStore
  readonly #kept: KeptOutputs
  readonly #debugger: Debugger

  constructor(deps: ExecDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
    this.#debugger = new Debugger(deps, registry)
    this.#kept = new KeptOutputs(deps.paths.containers)
    this.#store = new ExecStore(deps.execTable, registry, deps.clock, (exec) => this.#kept.remove(exec))
    for (const container of registry.all()) this.#takeOver(container)
  }

  /** What an earlier daemon left, once the container's process has been looked for: see Recovery. */
  #takeOver(container: Container): void {
    if (container.execs.size === 0) return
    const forget = container.observe({
      execsFound: (found) => {
        forget()
        for (const exec of this.#store.ofContainer(container)) {
          const task = found.get(exec.id)
          found.delete(exec.id)
          if (task) this.#follow(exec, task)
          // A start that was interrupted, or a run whose end nobody has seen.
          else if (exec.record.state !== 'created') this.#store.end(exec, unknownExitCode)
        }
      },
    })
  }

  async create(reference: string, request: ExecCreateRequest): Promise<{ id: string }> {
    const container = this.#registry.find(reference)
    if (request.cmd.length === 0) throw new GantryError('InvalidParameter', 'No exec command specified')
    refuse(container, reference, request)
    this.#deps.runtime.expectProcess()
    const exec = this.#store.insert(newId(), container, request)
    this.#announce(exec, `exec_create: ${exec.commandLine}`)
    return { id: exec.id }
  }

  async start(id: string, options: StartOptions = {}): Promise<AttachSession | null> {
    const exec = this.#store.find(id)
    const { state, request } = exec.record
    if (state !== 'created') {
      const verb = state === 'exited' ? 'has already run' : 'is already running'
      throw new GantryError('Conflict', `Error: Exec command ${id} ${verb}`)
    }
    refuse(exec.container, exec.container.id, request)
    this.#deps.runtime.expectProcess()
    this.#store.update(exec, { state: 'starting' })
    this.#announce(exec, `exec_start: ${exec.commandLine}`)
    try {
      return await this.#launch(exec, options)
    } catch (cause) {
      const { exitCode, error } = startFailure(await this.#reason(exec, cause), request.cmd[0] ?? '')
      // What fails before the runtime is asked has the code of commands that cannot be run, as with Docker.
      this.#store.end(exec, exitCode === 128 && !(error instanceof ProcessStartError) ? 126 : exitCode)
      if (options.detach) throw error
      return sayOnly(error.message, request.tty ?? false)
    }
  }

  /** A container that ends or is paused meanwhile makes each step fail in words of its own. */
  async #reason({ container, record }: Exec, cause: unknown): Promise<unknown> {
    const isCommand = cause instanceof ProcessStartError && [126, 127].includes(cause.exitCode)
    if (isCommand) return cause
    const processes = await container.task?.processes().catch(() => [])
    if (!processes?.length) await within(this.#deps.clock, endGrace, container.ended)
    try {
      refuse(container, container.id, record.request)
      return cause
    } catch (reason) {
      return reason
    }
  }

  async #launch(
    exec: Exec,
    { detach = false, consoleSize, resumable = false }: StartOptions,
  ): Promise<AttachSession | null> {
    const { request } = exec.record
    const size = consoleSize ?? request.consoleSize
    const launch = { attach: !detach, ...(size && { consoleSize: size }), resumable }
    const task = request.debug
      ? await this.#debugger.start(exec, launch)
      : await this.#startInside(exec, launch)
    const { attachment } = task
    let ended: Promise<void>
    try {
      this.#deps.faults('exec.start.started')
      ended = this.#follow(exec, task)
    } catch (error) {
      attachment?.close()
      await task.kill(SIGKILL, { group: true }).catch(() => {})
      throw error
    }
    return attachment && this.#session(exec, attachment, ended)
  }

  #session(exec: Exec, source: StdioSource, ended?: Promise<unknown>): StdioSession {
    const {
      attachStdin = false,
      attachStdout = false,
      attachStderr = false,
      tty = false,
    } = exec.record.request
    const session = new StdioSession({
      terminal: tty,
      stdin: attachStdin && source.stdin !== null,
      stdout: attachStdout,
      stderr: attachStderr,
      detachKeys: tty ? exec.detachKeys : null,
      ...(ended && { ended }),
      onDetach: () => this.#announce(exec, 'exec_detach'),
      onClose: () => {},
      onDisposed: () => this.#kept.served(exec),
    })
    session.connect(source)
    return session
  }

  async rejoin(id: string): Promise<AttachSession> {
    const exec = this.#store.find(id)
    const { task, ended } = exec
    if (!exec.record.request.tty) return this.#session(exec, await this.#kept.read(exec))
    if (!task) throw new GantryError('Conflict', `exec ${id} is not running`)
    return this.#session(exec, await task.attach(), ended)
  }

  async #startInside(
    exec: Exec,
    { attach, consoleSize, resumable }: { attach: boolean; consoleSize?: ConsoleSize; resumable: boolean },
  ): Promise<ExecTask> {
    const { container } = exec
    const { request } = exec.record
    const process = await this.#deps.spec.exec({
      record: container.record,
      rootfs: await rootFilesystem(this.#deps, container.record),
      exec: request,
      linkVariables: linkVariables(container, presentLinks(container, this.#registry, this.#deps.networks)),
    })
    if (!container.task) throw notRunning(container.id)
    this.#deps.faults('exec.start.prepared')
    const keepOutput = resumable && attach && !request.tty ? await this.#kept.begin(exec) : null
    return await container.task.exec({
      id: exec.id,
      ...(keepOutput && { keepOutput }),
      process,
      stdio: {
        terminal: request.tty ?? false,
        stdin: request.attachStdin && attach ? 'once' : 'none',
        ...(consoleSize && { consoleSize }),
      },
      attach,
    })
  }

  /** Settles when its end is written down. */
  #follow(exec: Exec, task: ExecTask): Promise<void> {
    exec.task = task
    this.#store.update(exec, { state: 'running', pid: task.pid || exec.record.pid })
    exec.started.resolve()
    exec.ended = task.exit.then(({ exitCode }) => this.#end(exec, exitCode))
    return exec.ended
  }

  /** A row that cannot be written now, as on a full disk, can be later: whoever waits for the end is told then. */
  async #end(exec: Exec, exitCode: number): Promise<void> {
    for (let written = false; !written; ) {
      try {
        this.#deps.faults('exec.exit.seen')
        this.#store.end(exec, exitCode)
        written = true
      } catch (error) {
        if (exec.container.gone) return
        this.#deps.log('error', `exec ${exec.id}: its end: ${messageOf(error)}`)
        await new Promise<void>((resolve) => this.#deps.clock.after(retryDelay, resolve))
      }
    }
    if (!exec.container.gone) this.#announce(exec, 'exec_die', { exitCode: String(exitCode) })
  }

  async inspect(id: string) {
    return this.#store.find(id).view
  }

  async resize(id: string, size: ConsoleSize): Promise<void> {
    const exec = this.#store.find(id)
    await this.#awaitStart(exec)
    if (!exec.task) throw new GantryError('Conflict', `exec ${id} is not running`)
    if (exec.record.request.tty) await exec.task.resize(size)
  }

  /** Clients resize as soon as they have asked for the start. */
  async #awaitStart(exec: Exec): Promise<void> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#deps.clock.after(startTimeout, () =>
      late.reject(new GantryError('System', 'timeout waiting for exec session ready')),
    )
    try {
      await Promise.race([exec.started.promise, late.promise])
    } finally {
      cancel()
    }
  }

  #announce(exec: Exec, action: string, attributes: Record<string, string> = {}): void {
    announce(this.#deps.events, exec.container, action, { execID: exec.id, ...attributes })
  }
}

/** Throws Conflict for a container in which nothing can be run now; a stopped one can still be debugged. */
function refuse(container: Container, reference: string, { debug }: ExecCreateRequest): void {
  const { state } = container.record
  if (state.status === 'paused') {
    const message = `Container ${reference} is paused, unpause the container before exec`
    throw new GantryError('Conflict', message)
  }
  if (state.status === 'restarting') {
    const message = `Container ${container.id} is restarting, wait until the container is running`
    throw new GantryError('Conflict', message)
  }
  // Without namespaces, an image of tools would have nothing to look at.
  const debuggable = debug !== undefined && !debug.image && isIdle(state)
  if (!isUp(state) && !debuggable) throw notRunning(container.id)
}

/** Clients of an exec that could not start read the reason from the stream, as Docker lets them. */
function sayOnly(message: string, terminal: boolean): AttachSession {
  const output = Readable.from([{ stream: 'stdout', data: Buffer.from(`${message}\r\n`) }])
  return { terminal, output, stdin: null, begin: null, close() {}, async [Symbol.asyncDispose]() {} }
}
