import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Where everything of one process under conmon lies: its bundle, sockets, pid files. */
export class ProcessPaths {
  /** The bundle, and conmon's working and persistent directory. */
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** What the monitor was asked to run; written before it is spawned. */
  get record(): string {
    return join(this.directory, 'task.json')
  }
  get config(): string {
    return join(this.directory, 'config.json')
  }
  /** For an exec, the OCI process. */
  get processSpec(): string {
    return join(this.directory, 'process.json')
  }
  /** Written by the OCI runtime. */
  get pidFile(): string {
    return join(this.directory, 'pid')
  }
  get monitorPidFile(): string {
    return join(this.directory, 'conmon.pid')
  }
  /** Written by conmon when the kernel killed a process of the container for want of memory. */
  get oomMark(): string {
    return join(this.directory, 'oom')
  }
  get attachSocket(): string {
    return join(this.directory, 'attach')
  }
  get controlFifo(): string {
    return join(this.directory, 'ctl')
  }
  get rootfs(): string {
    return join(this.directory, 'rootfs')
  }
  get execs(): string {
    return join(this.directory, 'execs')
  }
  /** An exec's own exit directory: conmon names the file after the container. */
  get exits(): string {
    return join(this.directory, 'exits')
  }
  exec(id: string): ProcessPaths {
    return new ProcessPaths(join(this.execs, id))
  }
}

/** Layout of the run-time directory, which a reboot may lose. */
export class RuntimePaths {
  readonly root: string

  constructor(execRoot: string) {
    this.root = execRoot
  }

  get tasks(): string {
    return join(this.root, 'tasks')
  }
  /** conmon writes `<id>` here: the exit code, in decimal. */
  get exits(): string {
    return join(this.root, 'exits')
  }
  /** State directory of an OCI runtime, its `--root`. */
  ociState(runtime: string): string {
    return join(this.root, 'oci', runtime)
  }
  task(id: string): ProcessPaths {
    return new ProcessPaths(join(this.tasks, id))
  }
  exit(id: string): string {
    return join(this.exits, id)
  }
}

/** Removes everything of a process; a conmon that is ending may still write there. */
export async function removeDirectory({ directory }: ProcessPaths): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 })
}
