/** A further process in a container once it runs, started just now or by an earlier daemon. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GantryError } from '@gantry/errors'
import {
  identify,
  isRunning,
  type ProcessIdentity,
  processStatus,
  signalProcess,
  signalProcessGroup,
} from '@gantry/syscall'
import type { Attachment, ConsoleSize, ExecTask, Exit } from './contracts.ts'
import { resizeTerminal } from './control.ts'
import { ExitDirectory } from './exits.ts'
import { type ProcessPaths, removeDirectory } from './paths.ts'
import { readPid } from './record.ts'
import { StdioConnection } from './stdio/connection.ts'

/** Exit code of a process whose end nobody has seen. */
const unknownExitCode = 255
/** How long a monitor that an earlier daemon has spawned may take to start its process. */
const startTimeoutMs = 2000
/** How often a monitor is looked at that may have died without a record. */
const monitorCheckMs = 2000

/** Where an exec is, and what it cannot outlive. */
export interface ExecPlace {
  containerId: string
  /** Of the exec. */
  paths: ProcessPaths
  /** Settles when the container is gone. */
  containerEnded: Promise<unknown>
}

/** Settles with what conmon records, and then removes the exec's directory. */
export async function waitForExit(
  { containerId, paths, containerEnded }: ExecPlace,
  exits: ExitDirectory,
  monitor: Promise<ProcessIdentity | null>,
): Promise<Exit> {
  let watch: NodeJS.Timeout | undefined
  let settled = false
  const record = await new Promise<Exit>((resolve) => {
    const lost = () => resolve({ exitCode: unknownExitCode, finishedAt: new Date(), oomKilled: false })
    exits.wait(containerId, (found) => resolve({ ...found, oomKilled: false }))
    void monitor.then((running) => {
      if (!settled) watch = watchMonitor(running, { exits, name: containerId }, lost)
    })
    // The container's end kills every process in it; each conmon records that on its own, if it still can.
    void containerEnded.then(async () => {
      await new Promise((later) => setTimeout(later, 1000).unref())
      await exits.rescan()
      lost()
    })
  })
  settled = true
  clearInterval(watch)
  exits[Symbol.dispose]()
  await removeDirectory(paths).catch(() => {})
  return record
}

/**
 * A conmon that was killed leaves no record: without this its exec would seem to run until the container ends. Null is one
 * that has ended already, whose record may have come before anybody looked.
 */
function watchMonitor(
  monitor: ProcessIdentity | null,
  { exits, name }: { exits: ExitDirectory; name: string },
  lost: () => void,
): NodeJS.Timeout {
  const look = async () => {
    if (monitor && (await isRunning(monitor))) return
    await exits.rescan()
    if (!(await exits.has(name))) lost()
  }
  // Not to be told, for want of descriptors, is no end: the next look may tell.
  const tryToLook = () => void look().catch(() => {})
  if (!monitor) tryToLook()
  return setInterval(tryToLook, monitorCheckMs).unref()
}

/** Finds the execs of an earlier daemon below the container's directory; what never came to run is removed. */
export async function loadExecs(
  container: ProcessPaths,
  place: Omit<ExecPlace, 'paths'>,
): Promise<ExecTask[]> {
  const ids = await readdir(container.execs).catch(() => [])
  const found = await Promise.all(ids.map((id) => loadExec(id, { ...place, paths: container.exec(id) })))
  return found.filter((exec) => exec !== null)
}

async function loadExec(id: string, place: ExecPlace): Promise<ExecTask | null> {
  const { paths, containerId } = place
  const monitor = await findMonitor(paths)
  const exits = await openExits(paths)
  if (!exits || (!monitor && !(await exits.has(containerId)))) {
    exits?.[Symbol.dispose]()
    await removeDirectory(paths)
    return null
  }
  const identity = monitor && (await findProcess(paths, monitor))
  let ended = false
  const exit = waitForExit(place, exits, Promise.resolve(monitor))
  void exit.then(() => {
    ended = true
  })
  const pid = identity?.pid ?? 0
  const stdio = new StdioConnection({
    socket: paths.attachSocket,
    // A pipe's input has ended with the daemon that held it.
    stdin: 'open',
    monitor: () => monitor?.pid ?? null,
    ended: async () => ended || identity === null || !(await isRunning(identity)),
  })
  return new ConmonExec({ id, pid, identity, paths, attachment: null, stdio, exit, ended: () => ended })
}

async function openExits(paths: ProcessPaths): Promise<ExitDirectory | null> {
  try {
    return new ExitDirectory(paths.exits)
  } catch {
    return null // made before anything else of an exec
  }
}

/** The conmon of a bundle: the pid may have been reused, so its command line must name the bundle. */
export async function findMonitor(paths: ProcessPaths): Promise<ProcessIdentity | null> {
  const pid = await readPid(paths.monitorPidFile)
  const monitor = pid === null ? null : await identify(pid)
  if (!monitor || !(await isRunning(monitor))) return null
  const commandLine = await readFile(join('/proc', String(monitor.pid), 'cmdline'), 'utf8').catch(() => '')
  return commandLine.split('\0').includes(paths.directory) ? monitor : null
}

/** The process that the OCI runtime has started below this conmon; waits for one that is about to start. */
async function findProcess(paths: ProcessPaths, monitor: ProcessIdentity): Promise<ProcessIdentity | null> {
  for (let waited = 0; waited < startTimeoutMs && (await isRunning(monitor)); waited += 20) {
    const pid = await readPid(paths.pidFile)
    const status = pid === null ? null : await processStatus(pid)
    if (pid !== null && status?.parent === monitor.pid) return { pid, startTime: status.startTime }
    if (pid !== null) return null
    await sleep(20)
  }
  return null
}

export interface ExecState {
  id: string
  pid: number
  identity: ProcessIdentity | null
  paths: ProcessPaths
  attachment: Attachment | null
  stdio: StdioConnection
  exit: Promise<Exit>
  ended(): boolean
}

export class ConmonExec implements ExecTask {
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

  async attach(): Promise<Attachment> {
    if (this.#state.ended()) throw new GantryError('Conflict', `exec ${this.id} is not running`)
    return await this.#state.stdio.attach(true)
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
