import { GantryError } from '@gantry/errors'
import type { ProcessFacts } from './processes.ts'

interface Column {
  title: string
  value(process: ProcessFacts): string
}

/** How a list of processes is shown: column titles, and one row for a process. */
export interface ProcessTable {
  titles: string[]
  row(process: ProcessFacts): string[]
}

/**
 * The table that ps(1) would print with these arguments: `-ef` (`-e -f`, `-f`), `-e`, BSD's `aux`, or `-o` with columns.
 * Throws System `ps: exit status 1` for others.
 */
export function formatProcesses(text: string): ProcessTable {
  const columns = columnsOf(text.split(/\s+/))
  return {
    titles: columns.map(({ title }) => title),
    row: (process) => columns.map(({ value }) => value(process)),
  }
}

function columnsOf(words: string[]): Column[] {
  const wanted: Column[] = []
  let full = false
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string
    if (word === 'aux' || word === '-aux') return bsdColumns.map(column)
    const option = /^-([eAf]*)(?:o(.*))?$/.exec(word)
    if (!option || word === '-') throw refused()
    full ||= (option[1] ?? '').includes('f')
    if (option[2] === undefined) continue
    wanted.push(...userColumns(option[2] || (words[++index] ?? '')))
  }
  if (wanted.length > 0) return wanted
  return (full ? fullColumns : shortColumns).map(column)
}

const refused = () => new GantryError('System', 'ps: exit status 1')

/** `pid,comm`, `pid=PROCESS`. */
function userColumns(list: string): Column[] {
  return list
    .split(',')
    .filter(Boolean)
    .map((item) => {
      const [name = '', title] = item.split('=', 2)
      const known = column(name)
      return title ? { ...known, title } : known
    })
}

function column(name: string): Column {
  const known = columns[name]
  if (!known) throw refused()
  return known
}

const fullColumns = ['uname', 'pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd']
const shortColumns = ['pid', 'tty', 'time', 'comm']
const bsdColumns = ['user', 'pid', '%cpu', '%mem', 'vsz', 'rss', 'tty', 'stat', 'start', 'bsdtime', 'command']

const text = (title: string, value: Column['value']): Column => ({ title, value })
const percentOfTime = (process: ProcessFacts) => (100 * process.cpuSeconds) / Math.max(process.age, 0.01)

const columns: Record<string, Column> = {
  uname: text('UID', ({ user }) => user),
  user: text('USER', ({ user }) => user),
  euser: text('EUSER', ({ user }) => user),
  uid: text('UID', ({ uid }) => String(uid)),
  gid: text('GID', ({ gid }) => String(gid)),
  pid: text('PID', ({ pid }) => String(pid)),
  ppid: text('PPID', ({ parent }) => String(parent)),
  sid: text('SID', ({ session }) => String(session)),
  c: text('C', (process) => String(Math.min(99, Math.floor(percentOfTime(process))))),
  '%cpu': text('%CPU', (process) => percentOfTime(process).toFixed(1)),
  pcpu: text('%CPU', (process) => percentOfTime(process).toFixed(1)),
  '%mem': text('%MEM', memoryShare),
  pmem: text('%MEM', memoryShare),
  vsz: text('VSZ', ({ virtualBytes }) => String(Math.floor(virtualBytes / 1024))),
  rss: text('RSS', ({ residentBytes }) => String(Math.floor(residentBytes / 1024))),
  ni: text('NI', ({ nice }) => String(nice)),
  nlwp: text('NLWP', ({ threads }) => String(threads)),
  s: text('S', ({ state }) => state),
  stat: text('STAT', statText),
  stime: text('STIME', startText),
  start: text('START', startText),
  tty: text('TTY', ({ terminal }) => terminal),
  tt: text('TT', ({ terminal }) => terminal),
  time: text('TIME', ({ cpuSeconds }) => clockText(cpuSeconds)),
  cputime: text('TIME', ({ cpuSeconds }) => clockText(cpuSeconds)),
  bsdtime: text('TIME', ({ cpuSeconds }) => `${Math.floor(cpuSeconds / 60)}:${two(cpuSeconds % 60)}`),
  etime: text('ELAPSED', ({ age }) => elapsedText(age)),
  etimes: text('ELAPSED', ({ age }) => String(Math.floor(age))),
  comm: text('COMMAND', ({ command }) => command),
  ucmd: text('CMD', ({ command }) => command),
  cmd: text('CMD', ({ commandLine }) => commandLine),
  args: text('COMMAND', ({ commandLine }) => commandLine),
  command: text('COMMAND', ({ commandLine }) => commandLine),
}

function memoryShare({ residentBytes, totalMemory }: ProcessFacts): string {
  return ((100 * residentBytes) / totalMemory).toFixed(1)
}

function statText({ state, nice, pid, session, threads }: ProcessFacts): string {
  const priority = nice < 0 ? '<' : nice > 0 ? 'N' : ''
  return `${state}${priority}${pid === session ? 's' : ''}${threads > 1 ? 'l' : ''}`
}

const two = (number: number) => String(Math.floor(number)).padStart(2, '0')

function clockText(seconds: number): string {
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`
}

function elapsedText(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const rest = `${two((seconds / 60) % 60)}:${two(seconds % 60)}`
  return `${days > 0 ? `${days}-` : ''}${days > 0 || hours > 0 ? `${two(hours)}:` : ''}${rest}`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Hour and minute of today, the day of this year, or the year. */
function startText({ startedAt, age }: ProcessFacts): string {
  if (age < 86_400) return `${two(startedAt.getHours())}:${two(startedAt.getMinutes())}`
  if (startedAt.getFullYear() === new Date().getFullYear()) {
    return `${months[startedAt.getMonth()]}${two(startedAt.getDate())}`
  }
  return String(startedAt.getFullYear())
}
