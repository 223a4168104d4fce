import { Readable } from 'node:stream'
import { GantryError } from '@gantry/errors'
import type { ConsoleSize } from '@gantry/runtime'
import { announce } from '../containers/announce.ts'
import type { Container } from '../containers/container.ts'
import { newId } from '../containers/create.ts'
import type { ContainerDependencies } from '../containers/dependencies.ts'
import { parseDetachKeys } from '../containers/detach-keys.ts'
import { rootFilesystem } from '../containers/paths.ts'
import type { Registry } from '../containers/registry.ts'
import { startFailure } from '../containers/start-errors.ts'
import { isUp, notRunning } from '../containers/state.ts'
import { StdioSession } from '../containers/stdio-session.ts'
import type { AttachSession, ExecCreateRequest, Execs } from '../contracts.ts'
import { Exec } from './exec.ts'

/** Milliseconds for which an ended exec can be asked for its exit code. */
const keptFor = 5 * 60_000
/** Milliseconds that a resize waits for the process to be there. */
const startTimeout = 10_000

export type ExecDependencies = Pick<
  ContainerDependencies,
  'spec' | 'events' | 'clock' | 'images' | 'paths' | 'log'
>

export function createExecs(deps: ExecDependencies, registry: Registry): Execs {
  return new ContainerExecs(deps, registry)
}

class ContainerExecs implements Execs {
  readonly #deps: ExecDependencies
  readonly #registry: Registry
  readonly #execs = new Map<string, Exec>()

  constructor(deps: ExecDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  async create(reference: string, request: ExecCreateRequest): Promise<{ id: string }> {
    const container = this.#registry.find(reference)
    if (request.cmd.length === 0) throw new GantryError('InvalidParameter', 'No exec command specified')
    refuse(container, reference)
    const detachKeys = parseDetachKeys(request.detachKeys ?? '')
    const exec = new Exec(newId(), container, request, detachKeys)
    this.#execs.set(exec.id, exec)
    container.execs.add(exec.id)
    const forget = container.observe({
      removed: () => {
        forget()
        this.#drop(exec)
      },
    })
    exec.started.promise.then(() => forget()).catch(() => {})
    this.#announce(exec, `exec_create: ${exec.commandLine}`)
    return { id: exec.id }
  }

  #find(id: string): Exec {
    const exec = this.#execs.get(id)
    if (!exec) throw new GantryError('NotFound', `No such exec instance: ${id}`)
    return exec
  }

  async start(
    id: string,
    options: { detach?: boolean; tty?: boolean; consoleSize?: ConsoleSize } = {},
  ): Promise<AttachSession | null> {
    const exec = this.#find(id)
    if (exec.state !== 'created') {
      const verb = exec.state === 'exited' ? 'has already run' : 'is already running'
      throw new GantryError('Conflict', `Error: Exec command ${id} ${verb}`)
    }
    refuse(exec.container, exec.container.id)
    exec.state = 'starting'
    this.#announce(exec, `exec_start: ${exec.commandLine}`)
    try {
      return await this.#launch(exec, options)
    } catch (cause) {
      const { exitCode, error } = startFailure(cause, exec.request.cmd[0] ?? '')
      this.#ended(exec, exitCode)
      if (options.detach) throw error
      return sayOnly(error.message, exec.request.tty ?? false)
    }
  }

  async #launch(
    exec: Exec,
    { detach = false, consoleSize }: { detach?: boolean; consoleSize?: ConsoleSize },
  ): Promise<AttachSession | null> {
    const { container, request } = exec
    const { attachStdin = false, attachStdout = false, attachStderr = false } = request
    const rootfs = await rootFilesystem(this.#deps, container.record)
    const process = await this.#deps.spec.exec({ record: container.record, rootfs, exec: request })
    if (!container.task) throw notRunning(container.id)
    const size = consoleSize ?? request.consoleSize
    exec.task = await container.task.exec({
      id: exec.id,
      process,
      stdio: {
        terminal: request.tty ?? false,
        stdin: attachStdin && !detach ? 'once' : 'none',
        ...(size && { consoleSize: size }),
      },
      attach: !detach,
    })
    exec.pid = exec.task.pid
    exec.state = 'running'
    exec.started.resolve()
    const ended = exec.task.exit.then(({ exitCode }) => {
      this.#ended(exec, exitCode)
      this.#announce(exec, 'exec_die', { exitCode: String(exitCode) })
    })
    const { attachment } = exec.task
    if (!attachment) return null
    const session = new StdioSession({
      terminal: request.tty ?? false,
      stdin: attachStdin,
      stdout: attachStdout,
      stderr: attachStderr,
      detachKeys: request.tty ? exec.detachKeys : null,
      ended,
      onDetach: () => this.#announce(exec, 'exec_detach'),
      onClose: () => {},
    })
    session.connect(attachment)
    return session
  }

  #ended(exec: Exec, exitCode: number): void {
    exec.state = 'exited'
    exec.exitCode = exitCode
    exec.task = null
    exec.started.resolve()
    exec.container.execs.delete(exec.id)
    this.#deps.clock.after(keptFor, () => this.#drop(exec))
  }

  #drop(exec: Exec): void {
    this.#execs.delete(exec.id)
    exec.container.execs.delete(exec.id)
  }

  async inspect(id: string) {
    return this.#find(id).view
  }

  async resize(id: string, size: ConsoleSize): Promise<void> {
    const exec = this.#find(id)
    await this.#awaitStart(exec)
    if (!exec.task) throw new GantryError('Conflict', `exec ${id} is not running`)
    if (exec.request.tty) await exec.task.resize(size)
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

/** Throws Conflict for a container in which nothing can be run now. */
function refuse(container: Container, reference: string): void {
  const { state } = container.record
  if (state.status === 'paused') {
    const message = `Container ${reference} is paused, unpause the container before exec`
    throw new GantryError('Conflict', message)
  }
  if (state.status === 'restarting') {
    const message = `Container ${container.id} is restarting, wait until the container is running`
    throw new GantryError('Conflict', message)
  }
  if (!isUp(state)) throw notRunning(container.id)
}

/** Clients of an exec that could not start read the reason from the stream, as Docker lets them. */
function sayOnly(message: string, terminal: boolean): AttachSession {
  const output = Readable.from([{ stream: 'stdout', data: Buffer.from(`${message}\r\n`) }])
  return { terminal, output, stdin: null, close() {}, async [Symbol.asyncDispose]() {} }
}
