import type { Readable, Writable } from 'node:stream'
import type { CgroupUsage, IdMap } from '@gantry/syscall'
import type { Instant } from './logs/cri.ts'
import type { OciProcess, OciSpec } from './oci-spec.ts'

export type { CgroupUsage }

/**
 * A task is a container's process as the kernel and conmon know it. Its life: `create` (namespaces exist, the process
 * waits) → `start` → exit, recorded by conmon in the exit directory → `delete`. The daemon owns none of it: after a
 * restart `load` finds a task again by its id.
 */
export interface Runtime {
  /**
   * Writes the bundle, mounts the root file system and spawns conmon, which runs `<oci runtime> create`.
   * Rejects with the runtime's own message (in Docker's wording, see `errors.ts`) and leaves nothing behind.
   */
  create(options: TaskOptions): Promise<Task>
  /** Finds a task of an earlier daemon: running, or ended with its exit recorded. Null when nothing is known of it. */
  load(id: string): Promise<Task | null>
  /** Removes whatever is left of a task (processes, cgroup, mounts, bundle, sockets), known or half-made. Idempotent. */
  purge(id: string): Promise<void>
  /**
   * Tells that a process is about to be started in some container, so that what takes the kernel a while can begin
   * already. Only saves time; returns at once.
   */
  expectProcess(): void
  /** Ids of which anything (bundle, mount, cgroup) exists, so that a starting daemon can purge what it does not know. */
  leftovers(): Promise<string[]>
}

export interface TaskOptions {
  /** 64 hex digits. */
  id: string
  /** Name from the configuration: `crun`, `runc`, or one of `--add-runtime`. */
  runtime: string
  spec: OciSpec
  rootfs: RootFilesystem | MountCopy
  stdio: StdioOptions
  /** The directory of a checkpoint: its processes go on, under this specification and no other. */
  restore?: string
}

/** What a process sees: a copy of all its mounts, on which what is mounted later has no effect. */
export interface MountCopy {
  /** Its pid. */
  mountsOf: number
}

/** The overlay mount of a container, as data. The runtime mounts it and unmounts it at `delete`. */
export interface RootFilesystem {
  /** Top first. */
  lower: string[]
  upper: string
  work: string
  /** For the container; the OCI runtime may still make mount points. */
  readOnly?: boolean
  /** The container's user namespace: its ids are those of the image, in the host others. */
  idMap?: IdMap
  /** SELinux label of all files in it, whatever the layers say. */
  mountLabel?: string
}

export interface StdioOptions {
  terminal: boolean
  /** `none`: no stdin; `once`: closed when the first attached client half-closes; `open`: stays open without clients. */
  stdin: 'none' | 'once' | 'open'
  /** The file conmon writes (CRI log format), or null to keep no log. */
  logPath: string | null
  consoleSize?: ConsoleSize
}

export interface ConsoleSize {
  rows: number
  columns: number
}

export interface Task {
  readonly id: string
  /** Of the container's first process, in the host's pid namespace. 0 once it has ended. */
  readonly pid: number
  /** Whether `start` has let the user's process go, also in an earlier daemon. Null when the runtime does not tell. */
  hasStarted(): Promise<boolean | null>
  /** Runs the user's process. Rejects with the runtime's own message, e.g. executable not found. */
  start(): Promise<void>
  /** Sends a signal to the first process, or to every process of the cgroup. Rejects with Conflict when it has ended. */
  kill(signal: number, options?: { all?: boolean }): Promise<void>
  /** Stops every process until `resume`. SIGKILL ends a paused container all the same. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** What the kernel says, also of an earlier daemon's pause. */
  isPaused(): Promise<boolean>
  resize(size: ConsoleSize): Promise<void>
  /** Where the root file system is mounted on the host; what is mounted in the container is not there. */
  readonly rootfs: string
  /**
   * An O_PATH descriptor, the caller's to close, of the root directory as the process sees it, with all that is mounted
   * in it. Rejects with Conflict when the process has ended.
   */
  openRoot(): Promise<number>
  /**
   * Asks conmon to go on with a new log file at the log's path; it does so as soon as it comes to it, and loses nothing.
   * What was there must have been renamed. False when it may be at an earlier request still: ask again later.
   */
  reopenLog(): Promise<boolean>
  /**
   * Connects to the running stdio. Before `start`, nothing of the output is missed. While `output` is not read, conmon
   * waits, and with it every writer of the container and its other clients, as with Docker.
   */
  attach(options?: AttachOptions): Promise<Attachment>
  exec(options: ExecOptions): Promise<ExecTask>
  /** Execs of an earlier daemon: those that run, and those whose exit nobody has taken notice of. None has a client. */
  loadExecs(): Promise<ExecTask[]>
  /**
   * Writes the state of all its processes into an empty directory, with CRIU. Rejects with NotImplemented where CRIU or
   * the OCI runtime's part in it is missing, and with what they say when they fail; then the container goes on.
   */
  checkpoint(options: { directory: string; leaveRunning: boolean }): Promise<void>
  /** Pids of all processes in the container, host namespace. */
  processes(): Promise<number[]>
  /** Calls back once when the kernel has killed a process of the container for want of memory, until called off. */
  onOutOfMemory(told: () => void): () => void
  /** What the container has used so far. Null without a cgroup of its own. */
  usage(): CgroupUsage | null
  /**
   * Changes the limits that are named, in the words of the OCI specification's linux.resources. Rejects with the OCI
   * runtime's message when the kernel refuses one of them; then all are as they were.
   * Resolves to what puts them back.
   */
  update(resources: Record<string, unknown>): Promise<() => Promise<void>>
  /** Settles when the process has ended and conmon has recorded it; never rejects. */
  readonly exit: Promise<Exit>
  /** Removes the OCI container, cgroup, mounts and run-time files. Only after the exit. Idempotent. */
  delete(): Promise<void>
}

export interface AttachOptions {
  /** False for an onlooker: what it writes is thrown away, and its leaving does not end a `once` stdin. */
  stdin?: boolean
}

export interface Exit {
  exitCode: number
  finishedAt: Date
  oomKilled: boolean
}

/** A piece of output as conmon passed it on; the order of stdout and stderr is kept. */
export interface OutputFrame {
  stream: 'stdout' | 'stderr'
  data: Buffer
}

/**
 * One client's connection to a process's stdio, through conmon's attach socket.
 * With a terminal everything arrives as `stdout`.
 */
export interface Attachment extends AsyncDisposable {
  /** Object stream of OutputFrame, with back-pressure; ends when the process's side is drained. */
  readonly output: Readable
  /** `end()` half-closes: the process reads end-of-file once what was written is consumed. */
  readonly stdin: Writable
  /** It gets what the log gets from the moment of attaching on: no other client was there, nothing was under way. */
  readonly isFirst: boolean
  /** Drops the connection; the process goes on. */
  close(): void
}

export interface ExecOptions {
  /** 64 hex digits, of the exec. */
  id: string
  process: OciProcess
  stdio: Pick<StdioOptions, 'terminal' | 'stdin' | 'consoleSize'>
  /** Whether a client will take the output; otherwise it is discarded. */
  attach: boolean
  /** The file in which the output is kept too, in an existing directory: see `readKeptOutput`. */
  keepOutput?: string
}

/** A further process in a container, under a conmon of its own. It has started when `Task.exec` resolves. */
export interface ExecTask {
  readonly id: string
  readonly pid: number
  /** Present when `attach` was asked for; connected before the process started. */
  readonly attachment: Attachment | null
  /** A further client, also of an earlier daemon's exec. Rejects with Conflict when the process has ended. */
  attach(): Promise<Attachment>
  resize(size: ConsoleSize): Promise<void>
  /** With `group`, also what it has started and not put into a process group of its own. */
  kill(signal: number, options?: { group?: boolean }): Promise<void>
  readonly exit: Promise<Exit>
}

/** Whole records of a container log in the CRI format, in the order of writing: see `RecordScanner`. */
export interface LogBlock {
  bytes: Buffer
  /** The reader has come to the present end of the log and waits: a piece of a line will get no rest for now. */
  caughtUp: boolean
  /** Where the block ends, if that is a place from which the log can be read on. */
  end?: LogPlace
}

/** A place in a log's plain files. */
export interface LogPlace {
  number: number
  offset: number
}

export interface LogQuery {
  follow?: boolean
  /** Begin here, whatever `tail` says. */
  start?: LogPlace
  /** Number of last lines; all when absent. */
  tail?: number
  since?: Instant
  until?: Instant
  signal?: AbortSignal
}
