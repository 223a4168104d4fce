/** The OCI runtime program (crun, runc, or one the user named) and what is asked of it beside `create` and `exec`. */
import { execFile } from 'node:child_process'
import { constants, type Stats } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What program it is, by its own `--version`. Of `other` ones only the command line is known. */
export type OciRuntimeKind = 'crun' | 'runc' | 'other'

/** A runtime as the probe found it: plain data, e.g. `{ name: 'crun', path: '/usr/bin/crun', … }`. */
export interface RuntimeProgram {
  /** The name that containers ask for. */
  name: string
  path: string
  kind: OciRuntimeKind
  version: string
}

/** The runtime's own complaint, as it wrote it to its standard error. */
class OciRuntimeError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OciRuntimeError'
  }
}

/** Longest that a runtime's `start`, `delete`, … may take. */
const commandTimeoutMs = 30_000

export class OciRuntime {
  readonly program: RuntimeProgram
  /** Its `--root`. */
  readonly stateRoot: string
  /** What to execute: the program's path, or a copy of it. */
  readonly executable: string

  constructor(program: RuntimeProgram, stateRoot: string, executable = program.path) {
    this.program = program
    this.stateRoot = stateRoot
    this.executable = executable
  }

  async prepare(): Promise<void> {
    await mkdir(this.stateRoot, { recursive: true, mode: 0o700 })
  }

  /** Options before the command. `directory` takes the runtime's own log. */
  globalArguments(directory: string): string[] {
    // With a log file of its own, runc writes its errors to stderr as they are instead of as log lines.
    const log = this.program.kind === 'runc' ? ['--log', join(directory, 'oci.log')] : []
    return ['--root', this.stateRoot, ...log]
  }

  /** The directory where crun and runc keep what they know of a container. */
  stateOf(id: string): string {
    return join(this.stateRoot, id)
  }

  #startFifo(id: string): string {
    return join(this.stateOf(id), 'exec.fifo')
  }

  /** The fifo's name from the moment on in which the process is let go, until it has been. */
  #usedFifo(id: string): string {
    return join(this.stateOf(id), 'exec.fifo.used')
  }

  /**
   * Whether the user's process of a created container has been let go. Null when this runtime does not show it. `pid` is
   * the container's process, 0 when it has ended.
   */
  async hasStarted(id: string, pid: number): Promise<boolean | null> {
    if (this.program.kind === 'other') return null
    if (await stat(this.#startFifo(id)).catch(() => null)) return false
    const used = await stat(this.#usedFifo(id)).catch(() => null)
    if (!used) return true
    // A daemon was killed while it let the process go: it had done so when nobody waits at the fifo any more.
    if (await holds(pid, used)) {
      await rename(this.#usedFifo(id), this.#startFifo(id))
      return false
    }
    await rm(this.#usedFifo(id), { force: true })
    return true
  }

  /**
   * Lets the user's process go. crun and runc block it on a fifo in their state directory, and their `start` does no
   * more than pass a byte through that and remove it (hooks apart, which Gantry does not use): doing so here saves a
   * process. `ended` tells whether the container has died meanwhile.
   */
  async start(id: string, ended: () => boolean): Promise<void> {
    if (this.program.kind === 'other') return await this.#run('start', id)
    const fifo = this.#usedFifo(id)
    await rename(this.#startFifo(id), fifo)
    if (this.program.kind === 'crun') await writeByte(fifo)
    else await readByte(fifo, ended)
    await unlink(fifo)
  }

  /** `checkpoint` with these options. Rejects with OciRuntimeError. */
  async checkpoint(id: string, options: string[]): Promise<void> {
    await this.#run('checkpoint', ...options, id)
  }

  /** Forgets the container. Its processes are gone and, for crun and runc, so is its cgroup. Idempotent. */
  async delete(id: string): Promise<void> {
    if (this.program.kind === 'other') {
      await this.#run('delete', '--force', id).catch((error) => {
        if (!/does not exist|not found|no such/i.test(String(error))) throw error
      })
    }
    await rm(this.stateOf(id), { recursive: true, force: true })
  }

  /** Changes the limits of a running container: a file with linux.resources of the OCI specification. */
  async update(id: string, resourcesFile: string): Promise<void> {
    await this.#run('update', '--resources', resourcesFile, id)
  }

  #run(...command: string[]): Promise<void> {
    const argv = ['--root', this.stateRoot, ...command]
    return new Promise((resolve, reject) => {
      execFile(this.program.path, argv, { timeout: commandTimeoutMs }, (error, _stdout, stderr) => {
        if (error) reject(new OciRuntimeError(stderr.trim() || error.message, { cause: error }))
        else resolve()
      })
    })
  }
}

/** Whether the process has the file open; false when it has ended. */
async function holds(pid: number, { dev, ino }: Stats): Promise<boolean> {
  if (pid === 0) return false
  const directory = `/proc/${pid}/fd`
  const names = await readdir(directory).catch(() => [])
  const opened = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => null)))
  return opened.some((file) => file?.dev === dev && file.ino === ino)
}

/** crun's container reads. ENXIO says that it has ended. */
async function writeByte(fifo: string): Promise<void> {
  await using file = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
  await file.write('0')
}

/** runc's container writes, as soon as it has come that far. */
async function readByte(fifo: string, ended: () => boolean): Promise<void> {
  await using file = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const byte = Buffer.alloc(1)
  for (let attempt = 0; !ended(); attempt++) {
    const { bytesRead } = await file.read(byte, 0, 1, null).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EAGAIN') return { bytesRead: 0 }
      throw error
    })
    if (bytesRead > 0) return
    await sleep(attempt < 20 ? 0 : 5)
  }
}
