/** Learns of the ends of processes: from conmon's record, or because conmon itself is gone. */
import { writeFile } from 'node:fs/promises'
import { type Cgroup, isRunning, type ProcessIdentity, signalProcess } from '@gantry/syscall'
import type { ExitDirectory, ExitRecord } from './exits.ts'

const SIGKILL = 9
const killedExitCode = 128 + SIGKILL
/** Exit code of a process whose end nobody has seen. */
const unknownExitCode = 255
const checkIntervalMs = 2000

interface Watched {
  settle(record: ExitRecord): void
  process: ProcessIdentity
  monitor: ProcessIdentity
  cgroup: Cgroup | null
}

/**
 * Waits for the exits of tasks. Every two seconds it also looks for records that the directory watch has missed and for
 * conmons that have died: their container has nobody to take its output or its exit code any more, so it is ended.
 */
export class MonitorWatch implements Disposable {
  readonly #exits: ExitDirectory
  readonly #watched = new Map<string, Watched>()
  #timer: NodeJS.Timeout | null = null

  constructor(exits: ExitDirectory) {
    this.#exits = exits
  }

  /** Settles with the exit of a task, past or to come. Never rejects. */
  exitOf(
    id: string,
    process: ProcessIdentity,
    monitor: ProcessIdentity,
    cgroup: Cgroup | null,
  ): Promise<ExitRecord> {
    // What cannot be looked at now, for want of descriptors, is looked at the next time.
    this.#timer ??= setInterval(() => void this.#check().catch(() => {}), checkIntervalMs).unref()
    return new Promise((resolve) => {
      this.#watched.set(id, { process, monitor, cgroup, settle: resolve })
      this.#exits.wait(id, (record) => {
        this.forget(id)
        resolve(record)
      })
    })
  }

  /** The task is taken away by force: whoever waits for its exit learns that it was killed. */
  abandon(id: string): void {
    const watched = this.#watched.get(id)
    this.forget(id)
    watched?.settle({ exitCode: killedExitCode, finishedAt: new Date() })
  }

  forget(id: string): void {
    this.#watched.delete(id)
    if (this.#watched.size > 0 || !this.#timer) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  async #check(): Promise<void> {
    const suspects: [string, Watched][] = []
    for (const [id, watched] of [...this.#watched]) {
      // Not to be told, for want of descriptors, is no death.
      if (!(await isRunning(watched.monitor).catch(() => true))) suspects.push([id, watched])
    }
    // A conmon that has just ended in good order has left its record before.
    await this.#exits.rescan()
    // What is watched under the same name by now may be the next run of the container.
    for (const [id, watched] of suspects)
      if (this.#watched.get(id) === watched && !(await this.#hasRecord(id)))
        await this.#recordLoss(id, watched)
  }

  /** Also if it cannot be read now: it must not be written over. */
  async #hasRecord(id: string): Promise<boolean> {
    return await this.#exits.has(id).catch(() => true)
  }

  /** Ends what is left of a container without conmon and writes the record in conmon's place. */
  async #recordLoss(id: string, watched: Watched): Promise<void> {
    const killed = await killAll(watched.process, watched.cgroup)
    if (this.#watched.get(id) !== watched) return
    await writeFile(this.#exits.pathOf(id), String(killed ? killedExitCode : unknownExitCode)).catch(() => {})
    await this.#exits.rescan()
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#watched.clear()
  }
}

async function killAll(first: ProcessIdentity, cgroup: Cgroup | null): Promise<boolean> {
  const killed = signalProcess(first, SIGKILL)
  await cgroup?.kill()
  return killed
}
