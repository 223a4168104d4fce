import { readFile } from 'node:fs/promises'

/** What /proc tells of a process (proc_pid_stat(5), proc_pid_status(5)). */
export interface ProcessFacts {
  pid: number
  parent: number
  session: number
  uid: number
  /** Name of the user on the host, or the number. */
  user: string
  gid: number
  state: string
  terminal: string
  nice: number
  threads: number
  /** Seconds of processor time. */
  cpuSeconds: number
  startedAt: Date
  /** Seconds since the start. */
  age: number
  virtualBytes: number
  residentBytes: number
  totalMemory: number
  /** Name of the program, at most 15 bytes. */
  command: string
  /** With its arguments; the name in brackets when there are none to be read. */
  commandLine: string
}

/** USER_HZ: the unit of times in /proc, fixed for programs on Linux. */
const ticksPerSecond = 100
const pageSize = 4096

/** In the order of their pids. What ends meanwhile is left out. */
export async function readProcesses(pids: number[]): Promise<ProcessFacts[]> {
  const [users, boot, memory] = await Promise.all([userNames(), bootTime(), totalMemory()])
  const facts = await Promise.all(
    pids.map((pid) => readProcess(pid, { users, boot, memory }).catch(() => null)),
  )
  return facts.filter((one) => one !== null).sort((a, b) => a.pid - b.pid)
}

interface HostFacts {
  users: Map<number, string>
  boot: number
  memory: number
}

async function readProcess(pid: number, host: HostFacts): Promise<ProcessFacts> {
  const [stat, status, line] = await Promise.all(
    ['stat', 'status', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  )
  // The name is in parentheses and may contain anything, parentheses too.
  const command = (stat ?? '').slice((stat ?? '').indexOf('(') + 1, (stat ?? '').lastIndexOf(')'))
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  /** By the numbers of the manual page, where the state is field 3. */
  const field = (number: number) => Number(fields[number - 3])
  const ids = (name: string) => Number(new RegExp(`^${name}:\\t\\d+\\t(\\d+)`, 'm').exec(status ?? '')?.[1])
  const startedAt = host.boot + field(22) / ticksPerSecond
  const uid = ids('Uid')
  return {
    pid,
    parent: field(4),
    session: field(6),
    uid,
    user: host.users.get(uid) ?? String(uid),
    gid: ids('Gid'),
    state: fields[0] ?? '?',
    terminal: terminalName(field(7)),
    nice: field(19),
    threads: field(20),
    cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
    startedAt: new Date(startedAt * 1000),
    age: Math.max(0, Date.now() / 1000 - startedAt),
    virtualBytes: field(23),
    residentBytes: field(24) * pageSize,
    totalMemory: host.memory,
    command,
    commandLine: (line ?? '').replace(/\0+$/, '').replaceAll('\0', ' ') || `[${command}]`,
  }
}

/** `pts/0` for pseudo terminals (major 136 to 143), `ttyN` for consoles, `?` without one. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00)
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`
  return major === 4 && minor < 64 ? `tty${minor}` : '?'
}

async function userNames(): Promise<Map<number, string>> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name)
  }
  return names
}

/** Seconds since 1970. */
async function bootTime(): Promise<number> {
  return Number(/^btime (\d+)/m.exec(await readFile('/proc/stat', 'utf8'))?.[1])
}

/** Bytes. */
async function totalMemory(): Promise<number> {
  return Number(/^MemTotal:\s+(\d+)/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]) * 1024
}
