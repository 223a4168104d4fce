/** The command tree: names, usage, help and flags of the commands, read from generated/tree.json. */
import tree from '../generated/tree.json' with { type: 'json' }

export interface FlagSpec {
  long: string
  short?: string
  /** The type of the value: bool, string, int, list, bytes, …: see flag-types.ts. */
  type: string
  default?: string
  multi?: true
  desc: string
  /** The description as help prints it, line by line, where it has more than one. */
  desc_lines?: string[]
  /** What help shows instead of the type's own word and default. */
  help_type?: string
  help_default?: string
  hidden?: true
  /** The flag this one is another name of. */
  alias_of?: string
  /** Why the flag should not be used any more. */
  deprecated?: string
  /** The lowest version of the API that offers it. */
  api_version?: string
}

export interface CommandSpec {
  /** All names, the canonical one first: `container ls`, `container list`, `container ps`, `ps`. */
  paths: string[]
  short: string
  /** What follows the name in the usage lines. */
  usage: string[]
  /** Least and greatest number of arguments; null for no limit. */
  args: [number, number | null]
  flags: FlagSpec[]
  /** Flags end at the first argument, so that what follows belongs to the container's command. */
  flagsFirst?: true
  /** Not shown in help pages. */
  hidden?: true
  /** Everything after the name belongs to another program, `--help` too. */
  passthrough?: true
  /** Position among the Common Commands of the top help page. */
  common?: number
  api_version?: string
}

export interface GroupSpec {
  path: string
  short: string
  /** Not shown in help pages: it needs an experimental daemon. */
  hidden?: true
}

interface Tree {
  short: string
  flags: FlagSpec[]
  groups: GroupSpec[]
  /**
   * By turns the names of a command and what it is, as JSON: a command line names one, and to make values of them all is a
   * part of its time.
   */
  commands: readonly string[]
}

export const commandTree: Omit<Tree, 'commands'> = tree as unknown as Tree

const texts = (tree as unknown as Tree).commands

/** The command whose names stand at `place` of the texts. */
const commandAt = (place: number): CommandSpec => ({
  paths: texts[place]?.split(',') ?? [],
  ...(JSON.parse(texts[place + 1] ?? '') as Omit<CommandSpec, 'paths'>),
})

/** Every command there is. */
export function allCommands(): CommandSpec[] {
  const commands: CommandSpec[] = []
  for (let place = 0; place < texts.length; place += 2) commands.push(commandAt(place))
  return commands
}

/** What a command line names: a command, or a group of commands. */
export type Found = { command: CommandSpec; path: string } | { group: GroupSpec }

/** Looks up a command by any of its names, or a group. */
export function find(path: string): Found | undefined {
  for (let place = 0; place < texts.length; place += 2) {
    if (texts[place]?.split(',').includes(path)) return { command: commandAt(place), path }
  }
  const group = commandTree.groups.find((spec) => spec.path === path)
  return group && { group }
}

/** The commands and groups directly below a group ('' is the top), under their main names there. */
export function children(path: string): { name: string; short: string; group: boolean; common?: number }[] {
  const prefix = path === '' ? '' : `${path} `
  const isChild = (name: string) => name.startsWith(prefix) && !name.slice(prefix.length).includes(' ')
  const commands = allCommands().flatMap(({ paths, short, common, hidden }) => {
    const name = paths.find(isChild)
    return name === undefined || hidden
      ? []
      : [{ name: name.slice(prefix.length), short, group: false, common }]
  })
  const groups = commandTree.groups
    .filter((group) => isChild(group.path) && !group.hidden)
    .map(({ path, short }) => ({ name: path.slice(prefix.length), short, group: true }))
  return [...commands, ...groups].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The command's usage line, `gantry run [OPTIONS] IMAGE [COMMAND] [ARG...]`. */
export function usageLine(commandPath: string, command: CommandSpec): string {
  return command.usage.map((rest) => `${commandPath} ${rest}`.trimEnd()).join(`\n        `)
}
