/** What the host's /proc tells of processes: proc_pid_stat(5), proc_pid_status(5) and the files beside them. */
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

/** What is the same for all processes. */
export interface HostFacts {
  users: ReadonlyMap<number, string>
  groups: ReadonlyMap<number, string>
  /** Seconds since 1970. */
  bootTime: number
  /** Bytes. */
  memory: number
  now: Date
}

/** USER_HZ: the unit of times in /proc, fixed for programs on Linux. */
const ticksPerSecond = 100
export const pageSize = 4096

/** One process, or one thread of it. */
export class Process {
  readonly pid: number
  readonly thread: number
  /** Present where they are to be shown below their process. */
  readonly threads: readonly Process[] | undefined
  readonly host: HostFacts
  /** Name of the program, at most 15 bytes. */
  readonly command: string
  /** With its arguments; the name in brackets when there are none to be read. */
  readonly commandLine: string
  readonly #stat: string[]
  readonly #status: string

  constructor(
    ids: { pid: number; thread: number },
    files: { stat: string; status: string; cmdline: string },
    host: HostFacts,
    threads?: readonly Process[],
  ) {
    this.threads = threads
    this.pid = ids.pid
    this.thread = ids.thread
    this.host = host
    const { stat, status, cmdline } = files
    // The name is in parentheses and may contain anything, parentheses too.
    const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')]
    this.command = stat.slice(open + 1, close)
    this.#stat = stat
      .slice(close + 2)
      .trimEnd()
      .split(' ')
    this.#status = status
    this.commandLine = cmdline.replace(/\0+$/, '').replaceAll('\0', ' ') || `[${this.command}]`
  }

  /** A field by the number of the manual page, where the state is field 3. */
  text(field: number): string {
    return this.#stat[field - 3] ?? '0'
  }

  number(field: number): number {
    return Number(this.text(field))
  }

  /** A line of `status` without its name. */
  status(name: string): string {
    return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(this.#status)?.[1]?.trim() ?? ''
  }

  /** Real, effective, saved, and of the file system. */
  ids(kind: 'Uid' | 'Gid'): [real: number, effective: number, saved: number, files: number] {
    const [real = 0, effective = 0, saved = 0, files = 0] = this.status(kind).split(/\s+/).map(Number)
    return [real, effective, saved, files]
  }

  userName(id: number): string {
    return this.host.users.get(id) ?? String(id)
  }

  groupName(id: number): string {
    return this.host.groups.get(id) ?? String(id)
  }

  /** Seconds of processor time. */
  get cpuSeconds(): number {
    return (this.number(14) + this.number(15)) / ticksPerSecond
  }

  get startedAt(): Date {
    return new Date((this.host.bootTime + this.number(22) / ticksPerSecond) * 1000)
  }

  /** Seconds since the start. */
  get age(): number {
    return Math.max(0, (this.host.now.getTime() - this.startedAt.getTime()) / 1000)
  }

  /** `pts/0` for pseudo terminals (major 136 to 143), `ttyN` for consoles, `?` without one. */
  get terminal(): string {
    const device = this.number(7)
    const major = (device >> 8) & 0xfff
    const minor = (device & 0xff) | ((device >> 12) & 0xfff00)
    if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`
    return major === 4 && minor < 64 ? `tty${minor}` : '?'
  }

  /** Another file of /proc/<pid>; empty when it cannot be read. */
  file(name: string): string {
    try {
      return readFileSync(`/proc/${this.pid}/${name}`, 'utf8').trim()
    } catch {
      return ''
    }
  }

  link(name: string): string {
    try {
      return readlinkSync(`/proc/${this.pid}/${name}`)
    } catch {
      return ''
    }
  }
}

/** In the order of their pids; with their threads, or these in their place. What ends meanwhile is left out. */
export async function readProcesses(pids: number[], threads: 'instead' | 'below' | null): Promise<Process[]> {
  const host = await readHostFacts()
  const read = async (pid: number) => {
    const all = threads ? await readThreads(pid, host) : undefined
    return threads === 'instead' ? all : await readProcess({ pid, thread: pid }, `/proc/${pid}`, host, all)
  }
  const found = await Promise.all([...pids].sort((a, b) => a - b).map(read))
  return found.flat().filter((one) => one !== null && one !== undefined)
}

async function readThreads(pid: number, host: HostFacts): Promise<Process[]> {
  const names = (await readdir(`/proc/${pid}/task`).catch(() => [])).map(Number).sort((a, b) => a - b)
  const read = (thread: number) => readProcess({ pid, thread }, `/proc/${pid}/task/${thread}`, host)
  return (await Promise.all(names.map(read))).filter((one) => one !== null)
}

async function readProcess(
  ids: { pid: number; thread: number },
  directory: string,
  host: HostFacts,
  threads?: readonly Process[],
): Promise<Process | null> {
  try {
    const [stat = '', status = '', cmdline = ''] = await Promise.all(
      ['stat', 'status', 'cmdline'].map((name) => readFile(`${directory}/${name}`, 'utf8')),
    )
    return new Process(ids, { stat, status, cmdline }, host, threads)
  } catch {
    return null
  }
}

async function readHostFacts(): Promise<HostFacts> {
  const [passwd, group, stat, memory] = await Promise.all(
    ['/etc/passwd', '/etc/group', '/proc/stat', '/proc/meminfo'].map((path) =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  )
  return {
    users: names(passwd ?? ''),
    groups: names(group ?? ''),
    bootTime: Number(/^btime (\d+)/m.exec(stat ?? '')?.[1] ?? 0),
    memory: Number(/^MemTotal:\s+(\d+)/m.exec(memory ?? '')?.[1] ?? 0) * 1024,
    now: new Date(),
  }
}

/** The host's users by their numbers. */
export function userNames(): Map<number, string> {
  try {
    return names(readFileSync('/etc/passwd', 'utf8'))
  } catch {
    return new Map()
  }
}

/** passwd(5) and group(5): the first name of each number. */
function names(text: string): Map<number, string> {
  const found = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':')
    if (name && id && !found.has(Number(id))) found.set(Number(id), name)
  }
  return found
}
