/** Running a further process in a container, under a conmon of its own. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { identify, isRunning, type ProcessIdentity, signalProcess, signalProcessGroup } from '@gantry/syscall'
import { MonitorError, spawnMonitor } from './conmon.ts'
import type { Attachment, ConsoleSize, ExecOptions, ExecTask, Exit } from './contracts.ts'
import { resizeTerminal } from './control.ts'
import { translateRuntimeError } from './errors.ts'
import { ExitDirectory } from './exits.ts'
import type { OciRuntime } from './oci-runtime.ts'
import { specText } from './oci-spec.ts'
import type { ProcessPaths } from './paths.ts'
import { readPid } from './record.ts'
import { StdioConnection, stdinMode } from './stdio/connection.ts'

export interface ExecRequest {
  conmon: string
  runtime: OciRuntime
  containerId: string
  /** Of the exec. */
  paths: ProcessPaths
  options: ExecOptions
  /** Settles when the container is gone; an exec cannot outlive it. */
  containerEnded: Promise<unknown>
  /** Gets the pid of the exec's conmon. Never rejects. */
  adoptMonitor(pid: number): Promise<void>
}

/** Exit code of a process whose end nobody has seen. */
const unknownExitCode = 255

/** Starts the process and resolves when it runs. Rejects with ProcessStartError and leaves nothing behind. */
export async function startExec(request: ExecRequest): Promise<ExecTask> {
  const { paths, options } = request
  await mkdir(paths.exits, { recursive: true, mode: 0o700 })
  const exits = new ExitDirectory(paths.exits)
  let attachment: Attachment | null = null
  let ended = false
  try {
    const spec = {
      ...options.process,
      terminal: options.stdio.terminal,
      ...consoleSize(options.stdio.consoleSize),
    }
    await writeFile(paths.processSpec, specText(spec), { mode: 0o600 })
    const exit = waitForExit(request, exits)
    void exit.then(() => {
      ended = true
    })
    const stdio = new StdioConnection({
      socket: paths.attachSocket,
      stdin: stdinMode(options.stdio),
      // conmon waits for the client before it starts the process.
      monitor: () => null,
      ended: async () => ended || (running !== null && !(await isRunning(running))),
    })
    const connect = async () => {
      attachment = await stdio.attach(true)
    }
    let running: ProcessIdentity | null = null
    const { pid } = await spawn(request, options.attach ? connect : undefined)
    running = await identify(pid)
    await setInitialSize(request)
    void readPid(paths.monitorPidFile).then((monitor) => {
      if (monitor !== null) void request.adoptMonitor(monitor)
    })
    return new ConmonExec({
      id: options.id,
      pid,
      identity: running,
      paths,
      attachment,
      exit,
      ended: () => ended,
    })
  } catch (error) {
    ;(attachment as Attachment | null)?.close()
    exits[Symbol.dispose]()
    await rm(paths.directory, { recursive: true, force: true })
    throw error
  }
}

async function spawn(
  { conmon, runtime, containerId, paths, options }: ExecRequest,
  beforeStart?: () => Promise<void>,
) {
  try {
    return await spawnMonitor(
      {
        conmon,
        runtime,
        containerId,
        paths,
        exitDirectory: paths.exits,
        stdio: { ...options.stdio, logPath: null },
        exec: { id: options.id, attach: beforeStart !== undefined },
      },
      beforeStart,
    )
  } catch (error) {
    const detail = error instanceof MonitorError ? error.detail : messageOf(error)
    throw translateRuntimeError(detail, { action: 'exec', command: options.process.args[0] ?? '' }, error)
  }
}

/** Settles with what conmon records, and then removes the exec's directory. */
async function waitForExit(
  { containerId, paths, containerEnded }: ExecRequest,
  exits: ExitDirectory,
): Promise<Exit> {
  const record = await new Promise<Exit>((resolve) => {
    exits.wait(containerId, (found) => resolve({ ...found, oomKilled: false }))
    // The container's end kills every process in it; each conmon records that on its own, if it still can.
    void containerEnded.then(async () => {
      await new Promise((later) => setTimeout(later, 1000).unref())
      await exits.rescan()
      resolve({ exitCode: unknownExitCode, finishedAt: new Date(), oomKilled: false })
    })
  })
  exits[Symbol.dispose]()
  await rm(paths.directory, { recursive: true, force: true }).catch(() => {})
  return record
}

/** crun sets an exec's size only while the process already runs; conmon makes sure that it is set. */
async function setInitialSize({ paths, options, runtime }: ExecRequest): Promise<void> {
  const { terminal, consoleSize: size } = options.stdio
  if (!terminal || !size || runtime.program.kind === 'runc') return
  await resizeTerminal(paths.controlFifo, size).catch((error) => {
    // It has ended already.
    if (!isKind(error, 'Conflict')) throw error
  })
}

function consoleSize(size?: ConsoleSize) {
  return size ? { consoleSize: { height: size.rows, width: size.columns } } : {}
}

interface ExecState {
  id: string
  pid: number
  identity: ProcessIdentity | null
  paths: ProcessPaths
  attachment: Attachment | null
  exit: Promise<Exit>
  ended(): boolean
}

class ConmonExec implements ExecTask {
  readonly #state: ExecState

  constructor(state: ExecState) {
    this.#state = state
  }

  get id(): string {
    return this.#state.id
  }

  get pid(): number {
    return this.#state.ended() ? 0 : this.#state.pid
  }

  get attachment(): Attachment | null {
    return this.#state.attachment
  }

  get exit(): Promise<Exit> {
    return this.#state.exit
  }

  async resize(size: ConsoleSize): Promise<void> {
    await resizeTerminal(this.#state.paths.controlFifo, size)
  }

  async kill(signal: number, { group = false } = {}): Promise<void> {
    const { identity, ended } = this.#state
    const send = group ? signalProcessGroup : signalProcess
    if (ended() || !identity || !send(identity, signal)) {
      throw new GantryError('Conflict', `exec ${this.id} is not running`)
    }
  }
}
