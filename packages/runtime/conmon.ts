/** Starting conmon, which becomes the parent of a container's (or an exec's) process and outlives this daemon. */
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '@gantry/errors'
import { openPipe, reap, spawnProgram } from '@gantry/syscall'
import type { StdioOptions } from './contracts.ts'
import { keptOutputBytes } from './logs/kept-output.ts'
import type { OciRuntime } from './oci-runtime.ts'
import type { ProcessPaths } from './paths.ts'
import { readPid } from './record.ts'

export interface MonitorRequest {
  /** Path of the conmon program. */
  conmon: string
  runtime: OciRuntime
  /** Of the container. */
  containerId: string
  paths: ProcessPaths
  exitDirectory: string
  stdio: StdioOptions
  /** The directory of a checkpoint to go on from. */
  restore?: string
  /** Present for an exec: its id, and whether conmon waits for a client before it starts the process. */
  exec?: { id: string; attach: boolean }
}

/** conmon's options for a request. */
export function monitorArguments(request: MonitorRequest): string[] {
  const { runtime, containerId, paths, exec, stdio } = request
  return [
    ...[
      '--api-version',
      '1',
      '--cid',
      containerId,
      '--cuuid',
      exec?.id ?? containerId,
      '--runtime',
      runtime.executable,
    ],
    ...runtime.globalArguments(paths.directory).flatMap((argument) => ['--runtime-arg', argument]),
    ...['--bundle', paths.directory, '--full-attach', '--persist-dir', paths.directory],
    ...['--container-pidfile', paths.pidFile, '--conmon-pidfile', paths.monitorPidFile],
    ...['--exit-dir', request.exitDirectory, '--log-level', 'error'],
    // Docker does not flush logs to the disk at the end of each container either; it costs milliseconds.
    ...['--no-sync-log', '--log-path', stdio.logPath === null ? 'none' : `k8s-file:${stdio.logPath}`],
    ...stdioArguments(stdio),
    // Nobody rotates the log of an exec: conmon begins it anew.
    ...(exec && stdio.logPath !== null ? ['--log-size-max', String(keptOutputBytes)] : []),
    ...(request.restore ? ['--restore', request.restore] : []),
    ...(exec ? ['--exec', '--exec-process-spec', paths.processSpec] : []),
    ...(exec?.attach ? ['--exec-attach'] : []),
  ]
}

function stdioArguments({ terminal, stdin }: StdioOptions): string[] {
  const options = terminal ? ['--terminal'] : []
  if (stdin === 'none') return options
  options.push('--stdin')
  // A terminal's input has no end: closing it would only make it deaf to the next client.
  if (stdin === 'open' || terminal) options.push('--leave-stdin-open')
  return options
}

/** A process that conmon has created (and, for an exec, started). */
export interface Monitored {
  pid: number
}

/** conmon or the OCI runtime refused. `detail` is what they said; `exitCode` what the runtime exited with, if known. */
export class MonitorError extends Error {
  readonly detail: string
  readonly exitCode: number | null

  constructor(detail: string, exitCode: number | null) {
    super(detail)
    this.name = 'MonitorError'
    this.detail = detail
    this.exitCode = exitCode
  }
}

/** Most that conmon may write to any of its pipes; its own buffer is 8 KiB. */
const maximumMessageBytes = 64 * 1024

/** Descriptors of the child; 0 to 2 are stdin, stdout and stderr. */
const syncFd = 3
const attachFd = 4
const startFd = 5

/**
 * Spawns conmon and resolves when the OCI runtime has created the process (for an exec: started it).
 * `beforeStart` is called for an exec with `attach`, when its attach socket and its pid file exist and before its process
 * starts.
 * Rejects with MonitorError. conmon forks itself into a session of its own; nothing of this daemon stays open in it.
 */
export async function spawnMonitor(
  request: MonitorRequest,
  beforeStart?: () => Promise<void>,
): Promise<Monitored> {
  await using pipes = new MonitorPipes(request.exec?.attach === true)
  const pid = startMonitor(request, pipes)
  // conmon's first process ends as soon as it has forked and written the pid file.
  const forked = reap(pid)
  const complaint = collect(pipes.complaint)
  const answer = collect(pipes.sync, parseReport)
  // Both halves of conmon go on side by side: with the first one's end, the pid file is there as well.
  const ready = async () => {
    await forked
    await beforeStart?.()
  }
  if (pipes.handshake)
    try {
      await Promise.race([answer, waitForClient(pipes.handshake, ready)])
    } catch (error) {
      await killWaiting(request.paths.monitorPidFile, pipes)
      throw error
    }
  const report = parseReport(await answer)
  if (report && report.number > 0) {
    await forked
    return { pid: report.number }
  }
  const detail = report?.message || (await complaint).trim() || 'conmon ended without an answer'
  throw new MonitorError(detail, report && report.number < -1 ? -report.number : null)
}

function startMonitor(request: MonitorRequest, pipes: MonitorPipes): number {
  using opened = new DisposableStack()
  opened.defer(() => pipes.closeChildEnds())
  const nothing = openSync('/dev/null', 'r+')
  opened.defer(() => closeSync(nothing))
  try {
    return spawnProgram({
      program: request.conmon,
      arguments: monitorArguments(request),
      directory: request.paths.directory,
      descriptors: [nothing, nothing, ...pipes.childEnds],
      environment: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        _OCI_SYNCPIPE: String(syncFd),
        ...(pipes.handshake && { _OCI_ATTACHPIPE: String(attachFd), _OCI_STARTPIPE: String(startFd) }),
      },
    })
  } catch (error) {
    throw new MonitorError(messageOf(error), null)
  }
}

/** conmon announces its attach socket, then holds the process back until it is told to go on. */
async function waitForClient(
  { attach, start }: { attach: Readable; start: Writable },
  beforeStart: () => Promise<void>,
): Promise<void> {
  start.write('\0')
  const ready = parseReport(await collect(attach, parseReport))
  if (!ready) return
  await beforeStart()
  start.write('\0')
}

/** How often, and at what distance in milliseconds, a pid file is tried that cannot be read for want of descriptors. */
const killAttempts = 500
const killDelay = 20

/** conmon takes the end of the pipe that it waits at for the word to go on: it must be dead by then. */
async function killWaiting(pidFile: string, { complaint, handshake }: MonitorPipes): Promise<void> {
  // What cannot be had otherwise is a descriptor to read the file with.
  for (const stream of [complaint, handshake?.attach]) stream?.destroy()
  const pid = await readPidPatiently(pidFile)
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

async function readPidPatiently(pidFile: string): Promise<number | null> {
  for (let attempt = 1; attempt < killAttempts; attempt++) {
    try {
      return await readPid(pidFile)
    } catch {
      await sleep(killDelay)
    }
  }
  return await readPid(pidFile)
}

/** What conmon and we tell each other until its process runs. */
class MonitorPipes implements AsyncDisposable {
  readonly complaint: Readable
  readonly sync: Readable
  readonly handshake: { attach: Readable; start: Writable } | null
  /** conmon's descriptors from 2 on. */
  readonly childEnds: number[] = []
  readonly #ours: Socket[] = []

  /** Throws SystemCallError, with nothing left open. */
  constructor(handshake: boolean) {
    try {
      this.complaint = this.#incoming()
      this.sync = this.#incoming()
      this.handshake = handshake ? { attach: this.#incoming(), start: this.#outgoing() } : null
    } catch (error) {
      this.closeChildEnds()
      this.#destroy()
      throw error
    }
  }

  #incoming(): Readable {
    const { read, write } = openPipe()
    this.childEnds.push(write)
    return this.#keep(new Socket({ fd: read, readable: true, writable: false }))
  }

  #outgoing(): Writable {
    const { read, write } = openPipe()
    this.childEnds.push(read)
    // conmon may be gone before it is told to go on.
    return this.#keep(new Socket({ fd: write, readable: false, writable: true }).on('error', () => {}))
  }

  #keep(socket: Socket): Socket {
    this.#ours.push(socket)
    return socket
  }

  closeChildEnds(): void {
    for (const end of this.childEnds) closeSync(end)
  }

  #destroy(): void {
    for (const socket of this.#ours) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#destroy()
  }
}

/** Reads a pipe to its end, or until `complete` accepts what came so far. Never rejects. */
function collect(stream: Readable, complete: (text: string) => unknown = () => false): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const done = () => resolve(text)
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      if (text.length < maximumMessageBytes) text += chunk
      if (complete(text)) done()
    })
    stream.on('end', done)
    stream.on('error', done)
    stream.on('close', done)
  })
}

/**
 * One line of JSON: `{"data": <pid or negative status>, "message": …}`. Null while it is not complete. A process that
 * has ended already is followed by a second line, its exit code.
 */
function parseReport(text: string): { number: number; message?: string } | null {
  const end = text.indexOf('\n')
  if (end < 0) return null
  try {
    const report = JSON.parse(text.slice(0, end)) as Record<string, unknown>
    const number = report.data ?? report.pid ?? report.exit_code
    const { message } = report
    return typeof number === 'number' ? { number, ...(typeof message === 'string' ? { message } : {}) } : null
  } catch {
    return null
  }
}
