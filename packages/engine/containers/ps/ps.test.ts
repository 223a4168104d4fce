import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { PsError, parsePsArguments } from './arguments.ts'
import { type HostFacts, Process } from './process.ts'
import { processTable, tableOf } from './table.ts'

const titles = (text: string) =>
  parsePsArguments(text.split(' '))
    .columns.map(({ title }) => title)
    .join(' ')

test('formats: the columns of ps from procps 4.0', () => {
  const cases: [string, string][] = [
    ['', 'PID TTY TIME CMD'],
    ['-e', 'PID TTY TIME CMD'],
    ['-ef', 'UID PID PPID C STIME TTY TIME CMD'],
    ['-e -f', 'UID PID PPID C STIME TTY TIME CMD'],
    ['-eF', 'UID PID PPID C SZ RSS PSR STIME TTY TIME CMD'],
    ['-el', 'F S UID PID PPID C PRI NI ADDR SZ WCHAN TTY TIME CMD'],
    ['-ely', 'S UID PID PPID C PRI NI RSS SZ WCHAN TTY TIME CMD'],
    ['-elf', 'F S UID PID PPID C PRI NI ADDR SZ WCHAN STIME TTY TIME CMD'],
    ['-ej', 'PID PGID SID TTY TIME CMD'],
    ['-ejf', 'UID PID PPID PGID SID C STIME TTY TIME CMD'],
    ['-jl', 'F S UID PID PPID PGID SID C PRI NI ADDR SZ WCHAN TTY TIME CMD'],
    ['-cf', 'UID PID PPID CLS PRI STIME TTY TIME CMD'],
    ['-eLf', 'UID PID PPID LWP C NLWP STIME TTY TIME CMD'],
    ['-Tf', 'UID PID SPID PPID C STIME TTY TIME CMD'],
    ['-T', 'PID SPID TTY TIME CMD'],
    ['-eZ', 'LABEL PID TTY TIME CMD'],
    ['ax', 'PID TTY STAT TIME COMMAND'],
    ['-ax', 'PID TTY STAT TIME COMMAND'],
    ['axH', 'PID TTY STAT TIME COMMAND'],
    ['aux', 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'],
    ['-aux', 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'],
    ['auxww', 'USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND'],
    ['l', 'F UID PID PPID PRI NI VSZ RSS WCHAN STAT TTY TIME COMMAND'],
    ['v', 'PID TTY STAT TIME MAJFL TRS DRS RSS %MEM COMMAND'],
    ['s', 'UID PID PENDING BLOCKED IGNORED CAUGHT STAT TTY TIME COMMAND'],
    ['X', 'PID STACKP ESP EIP TMOUT ALARM STAT TTY TIME COMMAND'],
    ['-X', 'PID STACKP ESP EIP TMOUT ALARM STAT TTY TIME COMMAND'],
    ['axm', 'PID TTY STAT TIME COMMAND'],
    ['-em', 'PID TTY TIME CMD'],
    ['axj', 'PPID PID PGID SID TTY TPGID STAT UID TIME COMMAND'],
    ['-o pid,comm', 'PID COMMAND'],
    ['-eopid,comm', 'PID COMMAND'],
    ['axo pid,comm', 'PID COMMAND'],
    ['-o pid -o comm', 'PID COMMAND'],
    ['-e --format pid,comm', 'PID COMMAND'],
    ['--format=pid,comm', 'PID COMMAND'],
    ['-o %p%c', 'PID COMMAND'],
    ['-o pid,user:20,comm=WHAT,x', 'PID USER WHAT,x'],
    ['-O rss', 'PID RSS S TTY TIME COMMAND'],
    // POSIX
    [
      '-o ruser,user,rgroup,group,pid,ppid,pgid,pcpu,vsz,nice,etime,time,tty,comm,args',
      'RUSER USER RGROUP GROUP PID PPID PGID %CPU VSZ NI ELAPSED TIME TT COMMAND COMMAND',
    ],
  ]
  for (const [text, expected] of cases) assert.equal(titles(text), expected, text)
})

test('threads are shown in the place of processes where they are asked for', () => {
  for (const text of ['H', 'axH', '-eL', '-T'])
    assert.equal(parsePsArguments(text.split(' ')).threads, 'instead', text)
  for (const text of ['', '-H', 'ax']) assert.equal(parsePsArguments(text.split(' ')).threads, null, text)
})

test('m shows threads below their processes, each row with what is its own', () => {
  const [thread, other] = [made(50, 1, 'app', 340), made(50, 1, 'app', 340)]
  const all = [made(50, 1, 'app', 340, [thread, other]), made(51, 50, 'kernel', 3990, [])]
  const show = (text: string) => tableOf(parsePsArguments(text.split(' ')), all).processes
  assert.deepEqual(show('m'), [
    ['50', 'pts/0', '-', '0:04', '/bin/app --flag a b'],
    ['-', '-', 'Ssl', '0:04', '-'],
    ['-', '-', 'Ssl', '0:04', '-'],
    ['51', 'pts/0', '-', '0:04', '[kernel]'],
  ])
  assert.deepEqual(show('-m -o pid,tid,user,stat --sort=-pid'), [
    ['51', '-', 'app', '-'],
    ['50', '-', 'app', '-'],
    ['-', '50', 'app', 'Ssl'],
    ['-', '50', 'app', 'Ssl'],
  ])
})

test('what ps does not take, it says in its first line', () => {
  const cases: [string, string][] = [
    ['-zz', 'error: unsupported SysV option'],
    ['-o nope', 'error: unknown user-defined format specifier "nope"'],
    ['-eo "pid,comm"', 'error: unknown user-defined format specifier ""pid"'],
    ['--bogus', 'error: unknown gnu long option'],
    ['ax bz', 'error: unsupported option (BSD syntax)'],
    ['-o', 'error: format specification must follow -o'],
  ]
  for (const [text, message] of cases) {
    assert.throws(
      () => titles(text),
      (error) => error instanceof PsError && error.message === message,
      text,
    )
  }
})

test('any bytes at all are refused or taken, never more', () => {
  const letters = 'aexfulopj-=,%: 0kOhT"'
  let seed = 1
  for (let round = 0; round < 3000; round++) {
    let text = ''
    for (let at = 0; at < 12; at++) {
      seed = (seed * 48_271) % 2_147_483_647
      text += letters[seed % letters.length]
    }
    try {
      parsePsArguments(text.split(' '))
    } catch (error) {
      assert.ok(error instanceof PsError, `${text}: ${error}`)
    }
  }
})

test('a table without the pids of the host is not what Docker’s users get', async () => {
  for (const text of ['-o comm', '-eo pid=foo', 'h -e', '-e --no-headers', '-V', 'V', 'L']) {
    await assert.rejects(processTable(text, [process.pid]), {
      kind: 'System',
      message: "Couldn't find PID field in ps output",
    })
  }
  await assert.rejects(processTable('-eo comm=PID,pid', [process.pid]), {
    message: 'specifying "comm=PID,pid" is not allowed',
  })
})

const host: HostFacts = {
  users: new Map([[1000, 'app']]),
  groups: new Map([[100, 'users']]),
  bootTime: 1_800_000_000,
  memory: 2 ** 30,
  now: new Date((1_800_000_000 + 4000) * 1000),
}

/** A process with this name, started so many seconds after the boot. */
function made(pid: number, parent: number, name: string, seconds: number, threads?: Process[]): Process {
  const tail = '34816 -1 4194304 10 0 3 0 250 150 0 0 20 0 2 0'
  const memory = `${seconds * 100} 8192000 500`
  const stat = `${pid} (${name}) S ${parent} 50 50 ${tail} ${memory} ${'0 '.repeat(30)}\n`
  const status = 'Uid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nVmLck:\t0 kB\n'
  const cmdline = name === 'kernel' ? '' : `/bin/${name}\0--flag\0a b\0`
  return new Process({ pid, thread: pid }, { stat, status, cmdline }, host, threads)
}

test('values of a process, whatever its name', () => {
  const all = [made(50, 1, 'a) b (c', 340), made(51, 50, 'kernel', 3990)]
  const show = (text: string) => tableOf(parsePsArguments(text.split(' ')), all).processes
  assert.deepEqual(show('-o pid,ppid,user,group,comm,args'), [
    ['50', '1', 'app', 'users', 'a) b (c', '/bin/a) b (c --flag a b'],
    ['51', '50', 'app', 'users', 'kernel', '[kernel]'],
  ])
  assert.deepEqual(show('-o pid,time,etime,etimes,vsz,rss,%mem,nlwp,stat'), [
    ['50', '00:00:04', '01:01:00', '3660', '8000', '2000', '0.2', '2', 'Ssl'],
    ['51', '00:00:04', '00:10', '10', '8000', '2000', '0.2', '2', 'Sl'],
  ])
  assert.deepEqual(show('-o pid,tty --sort=-pid'), [
    ['51', 'pts/0'],
    ['50', 'pts/0'],
  ])
  assert.deepEqual(show('-C kernel -o pid'), [['51']])
  assert.deepEqual(show('--forest -eo pid,cmd').at(-1), ['51', '\\_ [kernel]'])
})

test('the host’s own ps says the same of this process', { skip: !existsSync('/usr/bin/ps') }, async () => {
  const pid = String(process.pid)
  const fields = 'pid,ppid,pgid,sid,ruser,user,rgroup,group,uid,gid,euid,egid,nice,tty,comm,s,cls,pri,opri,f'
  const { stdout } = await promisify(execFile)('/usr/bin/ps', ['-o', fields, '-p', pid])
  const [header = '', row = ''] = stdout.trim().split('\n')
  const table = await processTable(`-o ${fields}`, [process.pid])
  assert.deepEqual(table.titles, header.trim().split(/\s+/))
  // The state may differ between the two looks.
  const withoutState = (text: string) => text.replace(/ [RSD] /, ' - ')
  assert.equal(
    withoutState(table.processes[0]?.join(' ').replace(/\s+/g, ' ') ?? ''),
    withoutState(row.trim().replace(/\s+/g, ' ')),
  )
})
