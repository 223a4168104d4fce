/** The messages of OCI runtimes in the words that Docker's users (and its CLI, which searches them) know. */
import { type ErrorKind, GantryError } from '@gantry/errors'
import type { OciProcess } from './oci-spec.ts'

/** A process could not be created or started. `exitCode` is what Docker gives such a process: 126, 127 or 128. */
export class ProcessStartError extends GantryError {
  readonly exitCode: number

  constructor(kind: ErrorKind, message: string, exitCode: number, options?: ErrorOptions) {
    super(kind, message, options)
    this.name = 'ProcessStartError'
    this.exitCode = exitCode
  }
}

export interface FailedProcess {
  /** Which of the runtime's commands failed. */
  action: 'create' | 'start' | 'exec'
  /** The command that was to run, for messages that do not name it. */
  command: string
  /** Its soft limit of open files, if it has one of its own. */
  openFiles?: number | bigint | undefined
}

/** The limit of open files of a process that is to be started, for `FailedProcess`. */
export function openFilesOf({ rlimits = [] }: OciProcess): FailedProcess['openFiles'] {
  return rlimits.find(({ type }) => type === 'RLIMIT_NOFILE')?.soft
}

/**
 * Makes a user's error of what crun, runc or conmon wrote. Not found, not executable and wrong directory are the user's
 * mistake (InvalidParameter); everything else is a System error.
 */
export function translateRuntimeError(
  detail: string,
  failed: FailedProcess,
  cause?: unknown,
): ProcessStartError {
  const reason = tooFewFiles(normalize(detail, failed.command), failed.openFiles)
  const exitCode = exitCodeOf(reason)
  const kind = exitCode === 128 ? 'System' : 'InvalidParameter'
  return new ProcessStartError(kind, dress(reason, failed.action), exitCode, { cause })
}

/** Docker's frame around the runtime's message: the chain of programs it came through. */
function dress(reason: string, action: FailedProcess['action']): string {
  if (action === 'exec') return `OCI runtime exec failed: exec failed: ${reason}: unknown`
  const step = action === 'create' ? 'failed to create shim task' : 'failed to start shim task'
  return `${step}: OCI runtime ${action} failed: runc ${action} failed: ${reason}: unknown`
}

/** The last thing said, without the program's own prefixes, in runc's words. */
function normalize(detail: string, command: string): string {
  const line = detail.trim().split('\n').filter(Boolean).at(-1) ?? 'no message'
  const plain = line
    .replace(/^time="[^"]*" level=\w+ msg="(.*)"$/, (_, message: string) =>
      message.replace(/\\(["\\])/g, '$1'),
    )
    .replace(/^(?:crun|runc): /, '')
    .replace(/^(?:runc (?:create|run|exec|start) failed|exec failed): /, '')
  return runcWording(plain, command) ?? plain
}

/** What runc says of a working directory that crun would take as one below `/`. */
export const relativeDirectory = 'Cwd must be an absolute path'

/** More than runc and crun have open at any moment of a start. */
export const enoughFiles = 64

/** They set the limits of the process before they have done, and say what comes of it: cpusets that stayed empty, for one. */
function tooFewFiles(reason: string, limit: FailedProcess['openFiles']): string {
  if (limit === undefined || limit >= enoughFiles) return reason
  if (!/too many open files|bad file descriptor|cgroup\.procs.*no space left on device/i.test(reason))
    return reason
  const problem = `nofile=${limit} is less than the start of a process needs`
  return `${processPrefix}: too many open files: ${problem} (${reason})`
}

const processPrefix = 'unable to start container process'

/** What crun says differently. */
function runcWording(message: string, command: string): string | null {
  const missing = /^executable file `(.*)` not found(?: in \$PATH)?/.exec(message)?.[1]
  if (missing !== undefined) return `${processPrefix}: exec: ${JSON.stringify(missing)}: ${notFound(missing)}`
  if (/^open executable: (?:Permission denied|Operation not permitted)/i.test(message)) {
    return `${processPrefix}: exec: ${JSON.stringify(command)}: permission denied`
  }
  const action = /^invalid seccomp action `(.*)`$/.exec(message)?.[1]
  if (action !== undefined) return `string ${action} is not a valid action for seccomp`
  const sysctl = sysctlWording(message)
  if (sysctl !== null) return sysctl
  const directory = /^(?:cannot )?chdir(?: to)? `?([^`:]*)`?: (.*)$/i.exec(message)
  if (directory) {
    return `${processPrefix}: chdir to cwd (${JSON.stringify(directory[1])}) set in config.json failed: ${directory[2]?.toLowerCase()}`
  }
  return null
}

/** What runc says before whatever goes wrong between its own start and the process's. */
export const initPrefix = `${processPrefix}: error during container init`

/** Settings of the kernel that are not the container's own, or that it does not take. */
function sysctlWording(message: string): string | null {
  const [, name, why = ''] = /^the sysctl `(.*)` (.*)$/.exec(message) ?? []
  if (name !== undefined) {
    const quoted = JSON.stringify(name)
    if (why.includes('network namespace')) return `sysctl ${quoted} not allowed in host network namespace`
    if (why.includes('IPC namespace')) return `sysctl ${quoted} is not allowed in the hosts ipc namespace`
    const field = /conflicts with OCI field `(.*)`/.exec(why)?.[1]
    if (field)
      return `sysctl ${quoted} is not allowed as it conflicts with the OCI ${JSON.stringify(field)} field`
    return `sysctl ${quoted} is not in a separate kernel namespace`
  }
  const [, action, path, reason = ''] = /^(open|write to) (\/proc\/sys\/.*): (.*)$/.exec(message) ?? []
  if (path === undefined) return null
  return `${initPrefix}: ${action === 'open' ? 'open' : 'write'} ${path}: ${reason.toLowerCase()}`
}

function notFound(command: string): string {
  return command.includes('/')
    ? `stat ${command}: no such file or directory`
    : 'executable file not found in $PATH'
}

/** The codes of a shell, which Docker derives from the text. */
function exitCodeOf(reason: string): number {
  const text = reason.toLowerCase()
  if (/executable file not found|no such file or directory|system cannot find/.test(text)) return 127
  if (/permission denied|operation not permitted|is a directory|not a directory|exec format error/.test(text))
    return 126
  if (text.endsWith(relativeDirectory.toLowerCase())) return 126
  return 128
}
