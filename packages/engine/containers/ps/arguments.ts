/** The command line of ps(1): which columns, which of the processes, in which order. */
import { type Column, columnNamed, letters } from './columns.ts'
import { formats } from './formats.ts'
import { type Process, userNames } from './process.ts'

export interface PsRequest {
  columns: Column[]
  /** All selections together; a process passes when one of them lets it, or when there is none. */
  selections: ((process: Process) => boolean)[]
  /** The pids that were asked for by number: if the host has none of them, ps fails. */
  pids: string[]
  /** Columns to sort by, with a minus for descending. */
  sort: { column: Column; descending: boolean }[]
  /** Children below their parents: `marked` draws a branch before the command. */
  tree: 'plain' | 'marked' | null
  /** In the place of the processes, or below each. */
  threads: 'instead' | 'below' | null
  headers: boolean
}

/** What ps would complain of. */
export class PsError extends Error {}

/** Flags that choose among ready-made formats, and the user's own columns. */
interface Wishes {
  flags: Set<string>
  columns: Column[]
  selections: PsRequest['selections']
  pids: string[]
  sort: PsRequest['sort']
}

/** Reads the words of the command line. Throws PsError with the first line that ps would write. */
export function parsePsArguments(words: readonly string[]): PsRequest {
  try {
    return new Reader(words, 'unix').request()
  } catch (error) {
    // `-aux` and `-ax` are not what they say in Unix's syntax, and are taken for BSD's.
    if (!(error instanceof PsError) || !words.some((word) => /^-[a-zA-Z]/.test(word))) throw error
    try {
      return new Reader(words, 'bsd').request()
    } catch {
      throw error
    }
  }
}

class Reader {
  readonly #words: string[]
  readonly #syntax: 'unix' | 'bsd'
  readonly #wishes: Wishes = { flags: new Set(), columns: [], selections: [], pids: [], sort: [] }

  constructor(words: readonly string[], syntax: 'unix' | 'bsd') {
    this.#words = words.filter((word) => word !== '')
    this.#syntax = syntax
  }

  request(): PsRequest {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word.startsWith('--')) this.#long(word.slice(2))
      else if (word.startsWith('-') && this.#syntax === 'unix') this.#unix(word.slice(1))
      else this.#bsd(word.replace(/^-/, ''))
    }
    const { flags, columns, selections, pids, sort } = this.#wishes
    return {
      columns: columns.length > 0 && !flags.has('-O') ? columns : this.#readyMade(),
      selections,
      pids,
      sort,
      tree: flags.has('marked') ? 'marked' : flags.has('-H') ? 'plain' : null,
      threads: flags.has('threads') ? 'instead' : flags.has('m') || flags.has('-m') ? 'below' : null,
      headers: !flags.has('no-headers'),
    }
  }

  #readyMade(): Column[] {
    const { flags, columns } = this.#wishes
    const named = formats(flags).map((text) => columnOf(text))
    if (columns.length === 0) return named
    // -O puts the user's columns behind the pid of its own format.
    return [...columnsOf('pid'), ...columns, ...columnsOf('s,tname,time,command')]
  }

  #unix(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at] ?? ''
      const rest = letters.slice(at + 1)
      if (letter === 'o' || letter === 'O') {
        this.#format(rest, letter, '-')
        return
      }
      if ('CGgpqstuU'.includes(letter)) {
        this.#select(letter, rest)
        return
      }
      if (!'AeadNfFljycLmTZMHwPV'.includes(letter)) {
        throw new PsError('error: unsupported SysV option')
      }
      this.#flag(`-${letter}`)
    }
  }

  #bsd(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at] ?? ''
      const rest = letters.slice(at + 1)
      if (letter === 'o' || letter === 'O') {
        this.#format(rest, letter, '')
        return
      }
      if (letter === 'k') {
        this.#sort(this.#argument(rest, "error: long sort specification must follow 'k'"))
        return
      }
      if (letter === 'p' || letter === 't' || letter === 'U') {
        this.#select(letter, rest)
        return
      }
      if (/^\d/.test(letter)) {
        this.#select('p', letters.slice(at))
        return
      }
      if (!'axgrTulvsjfhcwHmnSXZMeLV'.includes(letter)) {
        throw new PsError('error: unsupported option (BSD syntax)')
      }
      this.#flag(letter)
    }
  }

  #flag(flag: string): void {
    const { flags } = this.#wishes
    flags.add(flag)
    if (flag === 'f') flags.add('marked')
    if (['h', 'L', 'V', '-V'].includes(flag)) flags.add('no-headers')
    if (flag === '-L' || flag === '-T' || flag === 'H') flags.add('threads')
  }

  #long(text: string): void {
    const [name = '', ...value] = text.split('=')
    const argument = () =>
      value.length > 0 ? value.join('=') : this.#argument('', `error: ${name} needs a value`)
    const { flags } = this.#wishes
    if (name === 'format') this.#columns(argument())
    else if (name === 'sort') this.#sort(argument())
    else if (name === 'forest') flags.add('marked')
    else if (['no-headers', 'no-heading', 'noheader', 'noheaders'].includes(name)) flags.add('no-headers')
    else if (['headers', 'cumulative', 'deselect'].includes(name)) flags.add(name)
    else if (['cols', 'columns', 'width', 'lines', 'rows'].includes(name)) argument()
    else if (name === 'pid' || name === 'quick-pid') this.#select('p', argument())
    else if (name === 'ppid') this.#select('ppid', argument())
    else if (name === 'user' || name === 'User') this.#select('u', argument())
    else if (name === 'help' || name === 'version') flags.add('no-headers')
    else throw new PsError('error: unknown gnu long option')
  }

  #argument(inline: string, problem: string): string {
    const argument = inline || this.#words.shift()
    if (argument === undefined) throw new PsError(problem)
    return argument
  }

  #format(inline: string, letter: string, dash: string): void {
    if (letter === 'O') this.#wishes.flags.add('-O')
    this.#columns(this.#argument(inline, `error: format specification must follow ${dash}${letter}`))
  }

  #columns(list: string): void {
    this.#wishes.columns.push(...columnsOf(list))
  }

  #sort(list: string): void {
    for (const item of list.split(',')) {
      const column = columnNamed(item.replace(/^[+-]/, ''))
      if (!column) throw new PsError('error: unknown sort specifier')
      this.#wishes.sort.push({ column, descending: item.startsWith('-') })
    }
  }

  #select(letter: string, inline: string): void {
    const list = this.#argument(inline, `error: list of process IDs must follow -${letter}`).split(/[ ,]/)
    const has = (value: number | string) => list.includes(String(value))
    const tests: Record<string, (process: Process) => boolean> = {
      C: ({ command }) => list.some((name) => name.slice(0, 15) === command),
      p: ({ pid }) => has(pid),
      q: ({ pid }) => has(pid),
      ppid: (process) => has(process.text(4)),
      s: (process) => has(process.text(6)),
      g: (process) => has(process.text(6)) || has(process.groupName(process.ids('Gid')[1])),
      G: (process) => has(process.ids('Gid')[0]) || has(process.groupName(process.ids('Gid')[0])),
      u: (process) => has(process.ids('Uid')[1]) || has(process.userName(process.ids('Uid')[1])),
      U: (process) => has(process.ids('Uid')[0]) || has(process.userName(process.ids('Uid')[0])),
      t: ({ terminal }) => has(terminal),
    }
    if ('uU'.includes(letter)) checkUsers(list)
    if ('pq'.includes(letter)) this.#wishes.pids.push(...list)
    const test = tests[letter]
    if (test) this.#wishes.selections.push(test)
  }
}

/** Who asks for somebody unknown may have meant something else: `-aux`. */
function checkUsers(names: readonly string[]): void {
  const known = new Set(userNames().values())
  if (names.some((name) => !/^\d+$/.test(name) && !known.has(name)))
    throw new PsError('error: user name does not exist')
}

/** `pid,comm`, `user:20`, `pid=PROCESS` (whose title goes on to the end), `%p %c`. */
function columnsOf(list: string): Column[] {
  const equals = list.indexOf('=')
  const titled = equals < 0 ? list.length : list.lastIndexOf(',', equals) + 1
  const names = list.slice(0, titled).split(/[ ,]+/).filter(Boolean)
  const columns = names.flatMap((name) =>
    name.includes('%') && !columnNamed(name) ? byLetters(name) : [columnOf(name)],
  )
  if (equals < 0) return columns
  const title = list.slice(equals + 1)
  const last = columnOf(list.slice(titled, equals))
  return [...columns, { ...last, title }]
}

function byLetters(text: string): Column[] {
  return [...text.matchAll(/%(.?)/g)].map(([, letter = '']) => {
    const name = letters[letter]
    if (name === undefined) throw new PsError(`error: unknown AIX field descriptor`)
    return columnOf(name)
  })
}

/** A column by its name, with a width (which means nothing here) or, in ready-made formats, another title: `uname=UID`. */
function columnOf(text: string): Column {
  const [name = '', title] = text.replace(/:\d+$/, '').split('=')
  const found = columnNamed(name, /:\d+$/.test(text))
  if (!found) throw new PsError(`error: unknown user-defined format specifier "${name}"`)
  return title ? { ...found, title } : found
}
