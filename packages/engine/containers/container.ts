import type { ExecTask, Task } from '@gantry/runtime'
import type { WaitResult } from '../contracts.ts'
import { Lock } from './lock.ts'
import type { ContainerRecord } from './record.ts'
import type { ReturningClient } from './returning-client.ts'

/** Told of a container's first process ending, of the container going, or of a start that failed. */
export interface ContainerObserver {
  exited?(result: WaitResult): void
  removed?(result: WaitResult): void
  /** The task exists and its process waits to be started: the moment to connect to its stdio. */
  created?(task: Task): Promise<void>
  startFailed?(): void
  /** Execs of an earlier daemon, by id; who takes one up deletes it from the map. Told once, at the start of the daemon. */
  execsFound?(execs: Map<string, ExecTask>): void
  /** Anything of its record has changed. */
  changed?(): void
}

/** A container in the daemon's memory: its record, the lock of its state machine, and the process when it runs. */
export class Container {
  /** Replaced, never changed in place: see Registry.update. */
  record: ContainerRecord
  readonly lock = new Lock()
  /** The process; null when there is none. */
  task: Task | null = null
  /** Settles when the end of the present run has been handled (state written, everything unwired). */
  ended: Promise<void> = Promise.resolve()
  readonly observers = new Set<ContainerObserver>()
  /** The row is gone: whoever waited for the lock finds nothing. */
  gone = false
  /** A removal is under way. */
  removing = false
  /** Restarted by the user: the end of this run does not remove it. */
  keepAfterExit = false
  /** The user ended this run: the restart policy does not apply to it. */
  endedByUser = false
  /** Milliseconds before the restart policy's latest try. */
  restartDelay: number | null = null
  /** Something of a run may still be in place: namespaces, mounts. */
  dirty = false
  /** Somebody who may come to read the end of what it has said. */
  returning: ReturningClient | null = null
  /** Stops looking for processes that the kernel kills for want of memory. */
  unwatchMemory: (() => void) | null = null
  /** Calls off the restart policy's next try. */
  cancelRestart: (() => void) | null = null
  /** Ids of its execs, oldest first. */
  readonly execs = new Set<string>()

  constructor(record: ContainerRecord) {
    this.record = record
  }

  get id(): string {
    return this.record.id
  }

  observe(observer: ContainerObserver): () => void {
    this.observers.add(observer)
    return () => this.observers.delete(observer)
  }

  tellExited(error?: string): void {
    const result = { exitCode: this.record.state.exitCode, ...(error && { error }) }
    for (const observer of [...this.observers]) observer.exited?.(result)
  }

  tellRemoved(error?: string): void {
    const result = { exitCode: this.record.state.exitCode, ...(error && { error }) }
    for (const observer of [...this.observers]) observer.removed?.(result)
  }
}
