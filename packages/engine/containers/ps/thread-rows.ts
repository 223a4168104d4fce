/** With `m`, ps(1) shows a process and below it its threads: each row has what is that row's own, and `-` for the rest. */
import type { Column } from './columns.ts'
import type { Process } from './process.ts'

/** Columns of which the threads have nothing of their own. */
const ofProcesses = new Set([
  ...[
    '%mem',
    'args',
    'cgroup',
    'cmd',
    'comm',
    'drs',
    'exe',
    'fname',
    'nlwp',
    'pgid',
    'pgrp',
    'pid',
    'ppid',
    'rss',
  ],
  ...['sess', 'sid', 'size', 'sz', 'tgid', 'thcount', 'tpgid', 'trs', 'tt', 'tname', 'ucmd', 'vsz'],
  ...['supgid', 'supgrp', 'stackp', 'tmout', 'alarm'],
])

/** Columns that only threads have. */
const ofThreads = new Set([
  ...[
    'blocked',
    'caught',
    'class',
    'ignored',
    'lwp',
    'ni',
    'oom',
    'oomadj',
    'opri',
    'policy',
    'pri',
    'priority',
  ],
  ...['psr', 'rtprio', 's', 'spid', 'stat', 'tid', 'wchan', 'esp', 'eip'],
])

/** Whose column this is, by its own name. */
export const ownerOf = (name: string): Column['owner'] =>
  ofProcesses.has(name) ? 'process' : ofThreads.has(name) ? 'thread' : 'both'

/** The cells of a process: one row, or with its threads one more for each. */
export function rowsOf(process: Process, columns: readonly Column[]): string[][] {
  const { threads } = process
  if (!threads) return [columns.map(({ value }) => value(process))]
  const row = (one: Process, foreign: Column['owner']) =>
    columns.map(({ value, owner }) => (owner === foreign ? '-' : value(one)))
  return [row(process, 'thread'), ...threads.map((one) => row(one, 'process'))]
}
