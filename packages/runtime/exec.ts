/** Running a further process in a container, under a conmon of its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { isKind, messageOf } from '@gantry/errors'
import { identify, isRunning, type ProcessIdentity } from '@gantry/syscall'
import { MonitorError, spawnMonitor } from './conmon.ts'
import type { Attachment, ConsoleSize, ExecOptions, ExecTask } from './contracts.ts'
import { resizeTerminal } from './control.ts'
import { openFilesOf, relativeDirectory, translateRuntimeError } from './errors.ts'
import { ConmonExec, waitForExit } from './exec-process.ts'
import { ExitDirectory } from './exits.ts'
import { beginKeptOutput } from './logs/kept-output.ts'
import type { OciRuntime } from './oci-runtime.ts'
import { specText } from './oci-spec.ts'
import { type ProcessPaths, removeDirectory } from './paths.ts'
import { identifyFrom, readPid } from './record.ts'
import { StdioConnection, stdinMode } from './stdio/connection.ts'
import { givePipes, type IdMappings } from './stdio/ownership.ts'

export interface ExecRequest {
  conmon: string
  runtime: OciRuntime
  containerId: string
  /** Of the exec. */
  paths: ProcessPaths
  options: ExecOptions
  /** Of the container's user namespace, if it has one. */
  uidMappings: IdMappings | undefined
  /** Settles when the container is gone; an exec cannot outlive it. */
  containerEnded: Promise<unknown>
  /** Gets the pid of the exec's conmon. Never rejects. */
  adoptMonitor(pid: number): Promise<void>
}

/** What is known of an exec from its start on. */
interface Life {
  process: ProcessIdentity | null
  attachment: Attachment | null
  ended: boolean
}

/** Starts the process and resolves when it runs. Rejects with ProcessStartError and leaves nothing behind. */
export async function startExec(request: ExecRequest): Promise<ExecTask> {
  const { paths, options } = request
  await using undo = new AsyncDisposableStack()
  undo.defer(() => removeDirectory(paths))
  await mkdir(paths.exits, { recursive: true, mode: 0o700 })
  const exits = undo.use(new ExitDirectory(paths.exits))
  await prepare(request)
  const life: Life = { process: null, attachment: null, ended: false }
  undo.defer(() => life.attachment?.close())
  const monitor = Promise.withResolvers<ProcessIdentity | null>()
  const exit = waitForExit(request, exits, monitor.promise)
  void exit.then(() => {
    life.ended = true
  })
  const stdio = stdioOf(request, life)
  const join = async () => {
    life.attachment = await stdio.attach(true)
    const conmon = request.uidMappings && (await readPid(paths.monitorPidFile))
    if (conmon) await givePipes(conmon, options.process.user.uid, request.uidMappings)
  }
  const { pid } = await spawn(request, options.attach ? join : undefined)
  undo.defer(() => kill(pid))
  life.process = await identify(pid)
  await setInitialSize(request)
  undo.move() // it runs
  const begin = (found: ProcessIdentity | null) => {
    monitor.resolve(found)
    if (found) void request.adoptMonitor(found.pid)
  }
  // Without a descriptor to look at it, its record or the container's end tells of its own.
  void identifyFrom(paths.monitorPidFile).then(begin, () => {})
  const { process: identity, attachment } = life
  return new ConmonExec({
    ...{ id: options.id, pid, identity, paths, attachment, stdio, exit },
    ended: () => life.ended,
  })
}

/** Writes what the OCI runtime and conmon expect to find. */
async function prepare({ paths, options }: ExecRequest): Promise<void> {
  const { terminal, consoleSize: size } = options.stdio
  const spec = { ...options.process, terminal, ...consoleSize(size) }
  await writeFile(paths.processSpec, specText(spec), { mode: 0o600 })
  if (options.keepOutput) await beginKeptOutput(options.keepOutput)
}

function stdioOf({ paths, options }: ExecRequest, life: Life): StdioConnection {
  return new StdioConnection({
    socket: paths.attachSocket,
    stdin: stdinMode(options.stdio),
    // conmon waits for the client before it starts the process.
    monitor: () => null,
    ended: async () => life.ended || (life.process !== null && !(await isRunning(life.process))),
  })
}

/** What nobody can look at must not go on: its pid is as new as conmon's report of it. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

async function spawn(
  { conmon, runtime, containerId, paths, options }: ExecRequest,
  beforeStart?: () => Promise<void>,
) {
  try {
    if (!options.process.cwd.startsWith('/')) throw new Error(relativeDirectory)
    return await spawnMonitor(
      {
        conmon,
        runtime,
        containerId,
        paths,
        exitDirectory: paths.exits,
        stdio: { ...options.stdio, logPath: options.keepOutput ?? null },
        exec: { id: options.id, attach: beforeStart !== undefined },
      },
      beforeStart,
    )
  } catch (error) {
    const detail = error instanceof MonitorError ? error.detail : messageOf(error)
    const { process } = options
    const failed = {
      action: 'exec',
      command: process.args[0] ?? '',
      openFiles: openFilesOf(process),
    } as const
    throw translateRuntimeError(detail, failed, error)
  }
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
