import type { Operations } from '@gantry/api'
import type { ExecTask } from '@gantry/runtime'
import type { Container } from '../containers/container.ts'
import type { ExecCreateRequest } from '../contracts.ts'

/** One exec: asked for, running or ended. It lives in memory only, like Docker's. */
export class Exec {
  readonly id: string
  readonly container: Container
  readonly request: ExecCreateRequest
  readonly detachKeys: Buffer
  state: 'created' | 'starting' | 'running' | 'exited' = 'created'
  exitCode: number | null = null
  task: ExecTask | null = null
  pid = 0
  /** Settles when its process runs or never will. */
  readonly started = Promise.withResolvers<void>()

  constructor(id: string, container: Container, request: ExecCreateRequest, detachKeys: Buffer) {
    this.id = id
    this.container = container
    this.request = request
    this.detachKeys = detachKeys
  }

  /** As events name it: words joined by blanks, one blank after the program at least. */
  get commandLine(): string {
    const [program, ...rest] = this.request.cmd
    return `${program} ${rest.join(' ')}`
  }

  /** GET /exec/{id}/json. */
  get view(): Operations['ExecInspect']['answer'] {
    const { cmd, tty, privileged, user, attachStdin, attachStdout, attachStderr, detachKeys } = this.request
    return {
      ID: this.id,
      Running: this.state === 'running',
      // The API shows null before the end.
      ExitCode: this.exitCode as number,
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
      Pid: this.pid,
    }
  }
}
