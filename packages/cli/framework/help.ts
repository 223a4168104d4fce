/** Help pages in the layout of Docker's. */
import { type CommandSpec, children, commandTree, type FlagSpec, type GroupSpec, usageLine } from './tree.ts'

/** The help page of a command, for a terminal of so many columns. */
export function commandHelp(program: string, path: string, command: CommandSpec, columns: number): string {
  const flags = command.flags.filter((flag) => !flag.hidden)
  const sections = [`Usage:  ${usageLine(`${program} ${path}`, command)}`, command.short]
  if (command.paths.length > 1) {
    sections.push(`Aliases:\n  ${command.paths.map((name) => `${program} ${name}`).join(', ')}`)
  }
  if (flags.length > 0) sections.push(`Options:\n${flagTable(flags, columns)}`)
  return `${sections.join('\n\n')}\n`
}

/** The help page of a group of commands. */
export function groupHelp(program: string, group: GroupSpec): string {
  const rows = children(group.path)
  return [
    `Usage:  ${program} ${group.path} COMMAND`,
    group.short,
    `Commands:\n${commandTable(rows)}`,
    `Run '${program} ${group.path} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n')
}

/** The top help page. */
export function rootHelp(program: string, configDirectory: string, columns: number): string {
  const all = children('')
  const common = all
    .filter((row) => row.common !== undefined)
    .sort((a, b) => (a.common ?? 0) - (b.common ?? 0))
  const flags = commandTree.flags.map((flag) =>
    flag.default?.startsWith('$HOME/.docker')
      ? { ...flag, default: flag.default.replace('$HOME/.docker', configDirectory) }
      : flag,
  )
  return [
    `Usage:  ${program} [OPTIONS] COMMAND`,
    commandTree.short,
    `Common Commands:\n${commandTable(common, widest(all))}`,
    `Management Commands:\n${commandTable(
      all.filter((row) => row.group),
      widest(all),
    )}`,
    `Commands:\n${commandTable(
      all.filter((row) => !row.group && row.common === undefined),
      widest(all),
    )}`,
    `Global Options:\n${flagTable(flags, columns)}`,
    `Run '${program} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n')
}

type Row = ReturnType<typeof children>[number]

/** The least width that Docker's help gives to names is 11. */
const widest = (rows: readonly Row[]) => Math.max(11, ...rows.map((row) => row.name.length))

function commandTable(rows: readonly Row[], width = widest(rows)): string {
  return rows.map((row) => `  ${row.name.padEnd(width)} ${row.short}`).join('\n')
}

/** The flags of a help page; descriptions are wrapped as pflag does. */
export function flagTable(flags: readonly FlagSpec[], columns: number): string {
  const rows = flags.map((flag) => ({ head: flagHead(flag), text: flagText(flag) }))
  const width = Math.max(...rows.map((row) => row.head.length)) + 1
  return rows
    .map(({ head, text }) => `${head.padEnd(width)}  ${wrap(text, width + 2, columns - 1)}`)
    .join('\n')
}

function flagHead(flag: FlagSpec): string {
  const names = flag.short === undefined ? `      --${flag.long}` : `  -${flag.short}, --${flag.long}`
  const word = flag.help_type ?? (flag.type === 'bool' ? '' : flag.type)
  return word === '' ? names : `${names} ${word}`
}

const zeroDefaults = new Set(['', 'false', '0', '<nil>', '[]'])

function flagText(flag: FlagSpec): string {
  const text = flag.desc_lines?.join('\n') ?? flag.desc
  if (flag.help_default !== undefined) return `${text} (default ${flag.help_default})`
  if (flag.default === undefined || (zeroDefaults.has(flag.default) && flag.type !== 'uint16')) return text
  return `${text} (default ${flag.type === 'string' ? JSON.stringify(flag.default) : flag.default})`
}

/** A last word may stand out this far, so that it need not stand alone in a line. */
const slop = 5

/** Breaks `text` into lines of the width between `indent` and `columns`, all but the first indented. */
function wrap(text: string, indent: number, columns: number): string {
  const narrow = columns - indent < 24
  const margin = `\n${' '.repeat(narrow ? 16 : indent)}`
  const width = columns - (narrow ? 16 : indent)
  if (width < 24) return text.replaceAll('\n', margin)
  const lines: string[] = []
  for (let rest = text; rest !== ''; ) {
    const [line, after] = breakLine(rest, width - slop)
    lines.push(line)
    rest = after
  }
  return (narrow ? margin : '') + lines.join(margin)
}

function breakLine(text: string, width: number): [line: string, rest: string] {
  if (width + slop > text.length) return newline(text, text.length)
  const head = text.slice(0, width)
  const blank = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\t'), head.lastIndexOf('\n'))
  return blank <= 0 ? newline(text, text.length) : newline(text, blank)
}

/** Cuts at the first line break before `at`, or else at `at`. */
function newline(text: string, at: number): [string, string] {
  const first = text.indexOf('\n')
  return first >= 0 && first < at
    ? [text.slice(0, first), text.slice(first + 1)]
    : [text.slice(0, at), text.slice(at + 1)]
}
