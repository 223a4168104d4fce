import type { Operations } from '@gantry/api'
import type { ExecTask } from '@gantry/runtime'
import type { Container } from '../containers/container.ts'
import type { ExecCreateRequest } from '../contracts.ts'

/** An exec as the database keeps it, so that its exit code is known whatever happens to the daemon. */
export interface ExecRecord {
  /** 64 hex digits. */
  id: string
  /** Id of the container. */
  container: string
  request: ExecCreateRequest
  /** `starting` is written before the work begins: a daemon that finds it does not know whether it ran. */
  state: 'created' | 'starting' | 'running' | 'exited'
  exitCode: number | null
  /** Of its process, in the host's pid namespace; also after its end. */
  pid: number
  /** RFC 3339. */
  endedAt: string | null
}

/** One exec in the daemon's memory: asked for, running or ended. */
export class Exec {
  /** Replaced, never changed in place: see ExecStore.update. */
  record: ExecRecord
  readonly container: Container
  readonly detachKeys: Buffer
  task: ExecTask | null = null
  /** Settles when the end of its process is written down. */
  ended: Promise<void> = Promise.resolve()
  /** Settles when its process runs or never will. */
  readonly started = Promise.withResolvers<void>()

  constructor(record: ExecRecord, container: Container, detachKeys: Buffer) {
    this.record = record
    this.container = container
    this.detachKeys = detachKeys
  }

  get id(): string {
    return this.record.id
  }

  /** As events name it: words joined by blanks, one blank after the program at least. */
  get commandLine(): string {
    const [program, ...rest] = this.record.request.cmd
    return `${program} ${rest.join(' ')}`
  }

  /** GET /exec/{id}/json. */
  get view(): Operations['ExecInspect']['answer'] {
    const { id, request, state, exitCode, pid } = this.record
    const { cmd, tty, privileged, user, attachStdin, attachStdout, attachStderr, detachKeys } = request
    return {
      ID: id,
      Running: state === 'running',
      // The API shows null before the end.
      ExitCode: exitCode as number,
      ProcessConfig: {
        tty: tty ?? false,
        entrypoint: cmd[0] ?? '',
        arguments: cmd.slice(1),
        privileged: privileged ?? false,
        ...(user && { user }),
      },
      OpenStdin: attachStdin ?? false,
      OpenStderr: attachStderr ?? false,
      OpenStdout: attachStdout ?? false,
      CanRemove: false,
      ContainerID: this.container.id,
      DetachKeys: detachKeys ? this.detachKeys.toString('base64') : '',
      Pid: pid,
    }
  }
}
