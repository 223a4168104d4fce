/** Naming a process so that a reused pid is not taken for it, and signalling it. */
import { closeSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { bind, check, SystemCallError } from './libc.ts'

const pidfdOpen = bind('long syscall(long number, int pid, unsigned int flags)')
const pidfdSendSignal = bind('long syscall(long number, int fd, int signal, void *info, unsigned int flags)')

const SYS_pidfd_send_signal = 424
const SYS_pidfd_open = 434

/** A pid together with when it began (clock ticks since boot): no two processes of one boot share both. */
export interface ProcessIdentity {
  pid: number
  startTime: string
}

/** proc(5) stat: the state letter, the relatives and the start time. Null when there is no such process. */
export interface ProcessStatus {
  state: string
  parent: number
  /** Ids of its process group and session. */
  group: number
  session: number
  startTime: string
}

/**
 * Reads /proc/<pid>/stat. Null when there is no such process; rejects when that cannot be told, for want of descriptors
 * (EMFILE) or memory: nobody is to be taken for dead then.
 */
export async function processStatus(pid: number): Promise<ProcessStatus | null> {
  if (pid <= 0) return null
  return parseStat(await readFile(`/proc/${pid}/stat`, 'latin1').catch(nullIfGone))
}

function processStatusNow(pid: number): ProcessStatus | null {
  if (pid <= 0) return null
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    return nullIfGone(error)
  }
}

function nullIfGone(error: unknown): null {
  if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
  throw error
}

function parseStat(text: string | null): ProcessStatus | null {
  if (!text) return null
  // The command name stands in parentheses and may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  const [parent = 0, group = 0, session = 0] = fields.slice(1, 4).map(Number)
  return state && startTime ? { state, parent, group, session, startTime } : null
}

/** The identity of a running process; null when there is none of that pid. Rejects as processStatus does. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const status = await processStatus(pid)
  return status ? { pid, startTime: status.startTime } : null
}

/** Whether exactly this process still runs. One that has ended and waits to be reaped does not. Rejects as processStatus does. */
export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  const status = await processStatus(pid)
  return status !== null && status.startTime === startTime && status.state !== 'Z' && status.state !== 'X'
}

/**
 * Sends a signal to exactly this process: the pidfd is taken first and the start time compared after, so a reused pid
 * is never hit. Returns false when the process has ended. Throws SystemCallError otherwise, e.g. EINVAL.
 */
export function signalProcess(process: ProcessIdentity, signal: number): boolean {
  try {
    const fd = check('pidfd_open', pidfdOpen(SYS_pidfd_open, process.pid, 0), String(process.pid))
    try {
      const status = processStatusNow(process.pid)
      if (status?.startTime !== process.startTime || status.state === 'Z' || status.state === 'X')
        return false
      check('pidfd_send_signal', pidfdSendSignal(SYS_pidfd_send_signal, fd, signal, null, 0))
      return true
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ESRCH') return false
    throw error
  }
}

/**
 * Sends a signal to this process and to the others of its process group, if that was made with a session of its own;
 * otherwise to the process alone. Returns false when the process has ended.
 */
export function signalProcessGroup(process: ProcessIdentity, signal: number): boolean {
  const status = processStatusNow(process.pid)
  const alive = status?.startTime === process.startTime && status.state !== 'Z' && status.state !== 'X'
  if (!alive || status.group <= 1 || status.group !== status.session) return signalProcess(process, signal)
  try {
    globalThis.process.kill(-status.group, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
