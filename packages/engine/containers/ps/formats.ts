/** The formats that ps(1) has ready, by the flags that choose them. */

/** Unix's: `-f`, `-F`, `-l`, `-j` and what `-y`, `-c`, `-L`, `-T`, `-Z` change of them. */
function unixFormat(has: (flag: string) => boolean): string[] {
  const full = has('-f') || has('-F')
  const long = has('-l')
  const user = full ? ['uname=UID'] : []
  const start = full ? ['stime'] : []
  const command = full ? 'cmd' : 'ucmd'
  const threadIds = [...(has('-T') ? ['spid'] : []), ...(has('-L') ? ['lwp'] : [])]
  const label = has('-Z') || has('-M') ? ['label'] : []
  const share = has('-c') ? ['class', 'pri'] : ['c']
  const groups = has('-j') ? ['pgid', 'sid'] : []
  if (long) {
    const memory = has('-y') ? ['rss', 'sz'] : ['addr', 'sz']
    return [
      ...label,
      ...(has('-y') ? [] : ['f']),
      's',
      full ? 'uname=UID' : 'uid',
      'pid',
      ...(has('-T') ? ['spid'] : []),
      'ppid',
      ...groups,
      ...(has('-L') ? ['lwp'] : []),
      ...(has('-c') ? ['class', 'pri'] : ['c', 'opri=PRI', 'ni']),
      ...memory,
      'wchan',
      ...start,
      'tname',
      'time',
      command,
    ]
  }
  if (full) {
    const extra = has('-F') ? ['sz', 'rss', 'psr'] : []
    const afterParent = [...groups, ...(has('-L') ? ['lwp'] : [])]
    const threads = has('-L') ? ['nlwp'] : []
    return [
      ...label,
      ...user,
      'pid',
      ...(has('-T') ? ['spid'] : []),
      'ppid',
      ...afterParent,
      ...share,
      ...threads,
      ...extra,
      ...start,
      'tname',
      'time',
      command,
    ]
  }
  return [...label, 'pid', ...groups, ...threadIds, ...(has('-c') ? share : []), 'tname', 'time', command]
}

const bsdFormats: Record<string, string[]> = {
  u: ['user', 'pid', '%cpu', '%mem', 'vsz', 'rss', 'tname', 'stat', 'start_time', 'bsdtime', 'command'],
  l: [
    ...['f', 'uid', 'pid', 'ppid', 'priority', 'ni', 'vsz', 'rss', 'wchan', 'stat', 'tname', 'bsdtime'],
    'command',
  ],
  v: ['pid', 'tname', 'stat', 'bsdtime', 'maj_flt', 'trs', 'drs', 'rss', '%mem', 'command'],
  s: ['uid', 'pid', 'pending', 'blocked', 'ignored', 'caught', 'stat', 'tname', 'bsdtime', 'command'],
  X: ['pid', 'stackp', 'esp', 'eip', 'tmout', 'alarm', 'stat', 'tname', 'bsdtime', 'command'],
  j: ['ppid', 'pid', 'pgid', 'sid', 'tname', 'tpgid', 'stat', 'uid', 'bsdtime', 'command'],
}

/** Names of the columns, some with another title: `uname=UID`. Any of BSD's flags gives one of BSD's formats. */
export function formats(flags: ReadonlySet<string>): string[] {
  const has = (flag: string) => flags.has(flag)
  const chosen = Object.keys(bsdFormats).find(has)
  if (chosen) return [...(has('Z') || has('M') ? ['label'] : []), ...(bsdFormats[chosen] ?? [])]
  const bsd = [...flags].some((flag) => /^[a-zA-Z]$/.test(flag))
  const unix = ['-f', '-F', '-l', '-j'].some(has)
  if (!bsd || unix) return unixFormat(has)
  const label = has('Z') || has('M') ? ['label'] : []
  return [...label, 'pid', 'tname', 'stat', 'bsdtime', has('c') ? 'ucmd=COMMAND' : 'command']
}
