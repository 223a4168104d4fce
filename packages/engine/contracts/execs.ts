import type { Operations } from '@gantry/api'
import type { ConsoleSize } from '@gantry/runtime'
import type { AttachSession, DebugWishes } from './containers.ts'

export interface ExecCreateRequest {
  attachStdin?: boolean
  attachStdout?: boolean
  attachStderr?: boolean
  tty?: boolean
  consoleSize?: ConsoleSize
  detachKeys?: string
  env?: string[]
  cmd: string[]
  privileged?: boolean
  user?: string
  workingDir?: string
  /** Not in the container's own file system alone, but with tools beside it: see docs/debug.md. */
  debug?: DebugWishes
}

export interface Execs {
  create(container: string, request: ExecCreateRequest): Promise<{ id: string }>
  /** Null when detached: the process runs on without a client. */
  start(
    id: string,
    options: { detach?: boolean; tty?: boolean; consoleSize?: ConsoleSize; resumable?: boolean },
  ): Promise<AttachSession | null>
  /**
   * For a client that has lost its connection: a terminal from now on; otherwise all output from the start on, which is
   * there if the start was `resumable`, and no input. Rejects with Conflict for what is not kept, or not any more.
   */
  rejoin(id: string): Promise<AttachSession>
  inspect(id: string): Promise<Operations['ExecInspect']['answer']>
  resize(id: string, size: ConsoleSize): Promise<void>
}
