/** The columns that ps(1) of procps knows by name, with their titles. */
import { type Process, pageSize } from './process.ts'
import { ownerOf } from './thread-rows.ts'
import { clockText, elapsedText, longStartText, minutesText, startText, startTimeText } from './times.ts'

export interface Column {
  title: string
  value(process: Process): string
  /** Whose it is where processes and their threads are both shown. */
  owner: 'process' | 'thread' | 'both'
}

const column = (title: string, value: Column['value']): Column => ({ title, value, owner: 'both' })
const field = (title: string, number: number) => column(title, (process) => process.text(number))
const address = (title: string, number: number) =>
  column(title, (process) => BigInt(process.text(number)).toString(16).padStart(16, '0'))
const kibibytes = (bytes: number) => String(Math.floor(bytes / 1024))

const real = 0
const effective = 1
const saved = 2
const files = 3

const uid = (title: string, which: number) =>
  column(title, (process) => String(process.ids('Uid')[which as 0]))
const user = (title: string, which: number) =>
  column(title, (process) => process.userName(process.ids('Uid')[which as 0]))
const gid = (title: string, which: number) =>
  column(title, (process) => String(process.ids('Gid')[which as 0]))
const group = (title: string, which: number) =>
  column(title, (process) => process.groupName(process.ids('Gid')[which as 0]))
const namespace = (title: string, name: string) =>
  column(title, (process) => /\[(\d+)\]/.exec(process.link(`ns/${name}`))?.[1] ?? '-')
const signals = (title: string, name: string) => column(title, (process) => process.status(name))

/** Of one processor, over the life of the process. */
const cpuPercentage = (process: Process) => (100 * process.cpuSeconds) / Math.max(process.age, 0.01)
const percentage = (value: number) => (value > 99.9 ? String(Math.floor(value)) : value.toFixed(1))

const policies = ['TS', 'FF', 'RR', 'B', 'ISO', 'IDL', 'DLN']
const policy = (process: Process) => policies[process.number(41)] ?? '?'
const pages = (process: Process, index: number) =>
  Number(process.file('statm').split(' ')[index] ?? 0) * pageSize

function statText(process: Process): string {
  const nice = process.number(19)
  const priority = nice < 0 ? '<' : nice > 0 ? 'N' : ''
  const locked = /^[1-9]/.test(process.status('VmLck')) ? 'L' : ''
  const leader = process.pid === process.number(6) ? 's' : ''
  const threads = process.number(20) > 1 ? 'l' : ''
  const foreground = process.number(5) === process.number(8) ? '+' : ''
  return `${process.text(3)}${priority}${locked}${leader}${threads}${foreground}`
}

const wchanOf = (process: Process) => process.file('wchan').replace(/^0$/, '') || '-'
const wchan = column('WCHAN', (process) => wchanOf(process).slice(0, 6))
const args = (title: string) => column(title, (process) => process.commandLine)
const comm = (title: string) => column(title, (process) => process.command)
const time = column('TIME', (process) => clockText(process.cpuSeconds))
const thread = (title: string) => column(title, (process) => String(process.thread))
const tty = (title: string) => column(title, (process) => process.terminal)

/** Priorities have several scales; the kernel's is field 18. */
const priority = (title: string, scale: (value: number) => number) =>
  column(title, (process) => String(scale(process.number(18))))

const plain: Record<string, Column> = {
  '%cpu': column('%CPU', (process) => percentage(cpuPercentage(process))),
  '%mem': column('%MEM', (process) =>
    percentage((100 * process.number(24) * pageSize) / process.host.memory),
  ),
  addr: column('ADDR', () => '-'),
  alarm: column('ALARM', () => '-'),
  args: args('COMMAND'),
  blocked: signals('BLOCKED', 'SigBlk'),
  bsdstart: column('START', ({ startedAt, host }) => startText(startedAt, host.now)),
  bsdtime: column('TIME', (process) => minutesText(process.cpuSeconds)),
  c: column('C', (process) => String(Math.min(99, Math.floor(cpuPercentage(process))))),
  caught: signals('CAUGHT', 'SigCgt'),
  cgroup: column('CGROUP', (process) => process.file('cgroup').split('\n').join(',')),
  class: column('CLS', policy),
  cmd: args('CMD'),
  comm: comm('COMMAND'),
  cp: column('CP', (process) => String(Math.min(999, Math.floor(cpuPercentage(process) * 10)))),
  cputimes: column('TIME', (process) => String(Math.floor(process.cpuSeconds))),
  drs: column('DRS', (process) => kibibytes(process.number(23) - pages(process, 3))),
  egid: gid('EGID', effective),
  eip: address('EIP', 30),
  esp: address('ESP', 29),
  egroup: group('EGROUP', effective),
  etime: column('ELAPSED', ({ age }) => elapsedText(age)),
  etimes: column('ELAPSED', ({ age }) => String(Math.floor(age))),
  euid: uid('EUID', effective),
  euser: user('EUSER', effective),
  exe: column('EXE', (process) => process.link('exe') || '-'),
  f: column('F', (process) => ((process.number(9) >> 6) & 7).toString(8)),
  fgid: gid('FGID', files),
  fgroup: group('FGROUP', files),
  fname: column('COMMAND', ({ command }) => command.slice(0, 8)),
  fuid: uid('FUID', files),
  fuser: user('FUSER', files),
  gid: gid('GID', effective),
  group: group('GROUP', effective),
  ignored: signals('IGNORED', 'SigIgn'),
  label: column('LABEL', (process) => process.file('attr/current').replace(/\0$/, '') || '-'),
  lstart: column('STARTED', ({ startedAt }) => longStartText(startedAt)),
  lwp: thread('LWP'),
  maj_flt: field('MAJFL', 12),
  majflt: field('MAJFLT', 12),
  min_flt: field('MINFL', 10),
  minflt: field('MINFLT', 10),
  ni: column('NI', (process) => (['TS', 'B', 'ISO'].includes(policy(process)) ? process.text(19) : '-')),
  nlwp: field('NLWP', 20),
  numa: column('NUMA', () => '0'),
  oom: column('OOM', (process) => process.file('oom_score')),
  oomadj: column('OOMADJ', (process) => process.file('oom_score_adj')),
  opri: priority('PRI', (value) => value + 60),
  pending: signals('PENDING', 'SigPnd'),
  pgid: field('PGID', 5),
  pgrp: field('PGRP', 5),
  pid: column('PID', ({ pid }) => String(pid)),
  policy: column('POL', policy),
  ppid: field('PPID', 4),
  pri: priority('PRI', (value) => 39 - value),
  priority: priority('PRI', (value) => value),
  psr: field('PSR', 39),
  rgid: gid('RGID', real),
  rgroup: group('RGROUP', real),
  rss: column('RSS', (process) => kibibytes(process.number(24) * pageSize)),
  rtprio: column('RTPRIO', (process) => (['FF', 'RR'].includes(policy(process)) ? process.text(40) : '-')),
  ruid: uid('RUID', real),
  ruser: user('RUSER', real),
  s: field('S', 3),
  sess: field('SESS', 6),
  sgid: gid('SGID', saved),
  sgroup: group('SGROUP', saved),
  sid: field('SID', 6),
  size: column('SIZE', (process) => kibibytes(pages(process, 5))),
  spid: thread('SPID'),
  stackp: address('STACKP', 28),
  start: column('STARTED', ({ startedAt, host }) => startTimeText(startedAt, host.now)),
  start_time: column('START', ({ startedAt, host }) => startText(startedAt, host.now)),
  stat: column('STAT', statText),
  stime: column('STIME', ({ startedAt, host }) => startText(startedAt, host.now)),
  suid: uid('SUID', saved),
  supgid: column('SUPGID', (process) => process.status('Groups').split(/\s+/).join(',') || '-'),
  supgrp: column(
    'SUPGRP',
    (process) =>
      process
        .status('Groups')
        .split(/\s+/)
        .filter(Boolean)
        .map((id) => process.groupName(Number(id)))
        .join(',') || '-',
  ),
  suser: user('SUSER', saved),
  sz: column('SZ', (process) => String(Math.floor(process.number(23) / pageSize))),
  tgid: column('TGID', ({ pid }) => String(pid)),
  thcount: field('THCNT', 20),
  tid: thread('TID'),
  time,
  tmout: column('TMOUT', () => '-'),
  tpgid: field('TPGID', 8),
  trs: column('TRS', (process) => kibibytes(pages(process, 3))),
  tt: tty('TT'),
  tname: tty('TTY'),
  ucmd: comm('CMD'),
  uid: uid('UID', effective),
  uname: user('USER', effective),
  vsz: column('VSZ', (process) => kibibytes(process.number(23))),
  wchan,
  ipcns: namespace('IPCNS', 'ipc'),
  mntns: namespace('MNTNS', 'mnt'),
  netns: namespace('NETNS', 'net'),
  pidns: namespace('PIDNS', 'pid'),
  userns: namespace('USERNS', 'user'),
  utsns: namespace('UTSNS', 'uts'),
  cgroupns: namespace('CGROUPNS', 'cgroup'),
}

/** Other names of the same column; a second word is its own title. */
const aliases: Record<string, string> = {
  pcpu: '%cpu',
  pmem: '%mem',
  atime: 'time',
  cls: 'class',
  command: 'args',
  context: 'label CONTEXT',
  cpuid: 'psr CPUID',
  cputime: 'time',
  flag: 'f',
  flags: 'f',
  fsgid: 'fgid FSGID',
  fsgroup: 'fgroup FSGROUP',
  fsuid: 'fuid FSUID',
  fsuser: 'fuser FSUSER',
  intpri: 'opri',
  nice: 'ni',
  pagein: 'majflt PAGEIN',
  rssize: 'rss',
  rsz: 'rss',
  session: 'sess',
  sig: 'pending',
  sigcatch: 'caught',
  sigignore: 'ignored',
  sigmask: 'blocked',
  state: 's',
  svgid: 'sgid SVGID',
  svgroup: 'sgroup SVGROUP',
  svuid: 'suid SVUID',
  svuser: 'suser SVUSER',
  times: 'cputimes',
  tty: 'tt',
  ucomm: 'comm',
  uid_hack: 'uname UID',
  user: 'uname',
  vsize: 'vsz',
  wname: 'wchan',
}

/** The letters of `%p`, as other systems write columns. */
export const letters: Record<string, string> = {
  C: 'pcpu',
  G: 'group',
  P: 'ppid',
  U: 'user',
  a: 'args',
  c: 'comm',
  g: 'rgroup',
  n: 'nice',
  p: 'pid',
  r: 'pgid',
  t: 'etime',
  u: 'ruser',
  x: 'time',
  y: 'tty',
  z: 'vsz',
}

/** `wide`: a width was given. Null for a name that ps does not know (or that says nothing on Linux today). */
export function columnNamed(name: string, wide = false): Column | null {
  const isWideChannel = wide && (name === 'wchan' || name === 'wname')
  const own = isWideChannel ? column('WCHAN', wchanOf) : Object.hasOwn(plain, name) && plain[name]
  if (own) return { ...own, owner: ownerOf(name === 'wname' ? 'wchan' : name) }
  if (!Object.hasOwn(aliases, name)) return null
  const [known = '', title] = (aliases[name] ?? '').split(' ')
  const found = columnNamed(known)
  return found && title ? { ...found, title } : found
}
