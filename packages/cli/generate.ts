/**
 * Writes generated/tree.json: the part of Docker's command tree that is implemented here (the commands in commands/index.ts),
 * without what another system or an older CLI needs. Run it after adding a command.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { loadCommand } from './commands/index.ts'
import { ownCommands, ownFlags, ownGroups } from './framework/own-commands.ts'
import type { CommandSpec, FlagSpec, GroupSpec } from './framework/tree.ts'

interface SourceFlag extends Omit<FlagSpec, 'short' | 'default' | 'multi'> {
  short: string | null
  default: string | null
  multi: boolean
  ostype?: string
  in_cli?: string[]
  hidden_in?: string[]
  experimental_daemon?: boolean
}

interface SourceCommand {
  command: string
  short: string
  aliases: string[]
  usage: string[]
  in_cli: string[]
  flags?: SourceFlag[]
  args: { min: number; max: number | null }
  arg_aliases?: string[]
  category_top?: string
  api_version?: string
  experimental_daemon?: boolean
  subcommands?: SourceCommand[]
}

/** Commands whose arguments are another program's command line. */
const flagsFirst = ['container run', 'container create', 'container exec', 'container top']

/** Commands that are not for people. */
const hidden = ['system dial-stdio']

/** Flags that only make sense with parts of Docker that are not here. */
const unsupported = ['use-api-socket']

/** The path below the program: `docker container ls` is `container ls`. */
const pathOf = (command: string) => command.split(' ').slice(1).join(' ')

/** Texts about the program itself name this one. */
const describe = (text: string) =>
  text.startsWith('The **docker manifest** command')
    ? 'Manage Docker image manifests and manifest lists'
    : text.replace(/^(Manage|Show the) Docker(?! images)/, '$1 Gantry')

function flagSpec(flag: SourceFlag): FlagSpec {
  if (flag.help_type === 'list' && !flag.multi) return flagSpec({ ...flag, type: 'list', multi: true })
  const {
    short,
    default: value,
    multi,
    ostype: _,
    in_cli: __,
    hidden_in,
    experimental_daemon: experimental,
    ...rest
  } = flag
  return {
    ...rest,
    ...(short !== null && { short }),
    ...(value !== null && { default: value }),
    ...(multi && { multi }),
    ...((hidden_in?.length || experimental) && { hidden: true }),
  }
}

/** Docker's flags with ours where the alphabet puts them; one of ours replaces Docker's of the same name. */
function withOwn(flags: FlagSpec[], command: string): FlagSpec[] {
  const own = ownFlags[command] ?? []
  if (own.length === 0) return flags
  const others = flags.filter(({ long }) => !own.some((each) => each.long === long))
  return [...others, ...own].sort((a, b) => (a.long < b.long ? -1 : 1))
}

function commandSpec(source: SourceCommand): CommandSpec {
  const own = pathOf(source.command)
  const names = source.aliases.length > 0 ? source.aliases.map(pathOf) : [own]
  const flags = (source.flags ?? []).filter(
    (flag) => flag.long !== 'help' && flag.ostype !== 'windows' && !unsupported.includes(flag.long),
  )
  return {
    paths: names,
    short: describe(source.short),
    usage: source.usage.map((line) => pathOf(line).slice(own.length).trimStart()),
    args: [source.args.min, source.args.max],
    flags: withOwn(flags.map(flagSpec), names[0] ?? ''),
    ...(flagsFirst.includes(names[0] ?? '') && { flagsFirst: true }),
    ...(hidden.includes(names[0] ?? '') && { hidden: true }),
    ...(source.category_top && { common: Number(source.category_top) }),
    ...(source.api_version && { api_version: source.api_version }),
  }
}

/** The implemented part of the tree below `source`. */
async function trim(source: SourceCommand[]): Promise<{ groups: GroupSpec[]; commands: CommandSpec[] }> {
  const groups: GroupSpec[] = []
  const found = new Map<string, CommandSpec>()
  const visit = async (node: SourceCommand) => {
    if (node.subcommands) {
      const before = found.size
      for (const each of node.subcommands) await visit(each)
      if (found.size > before)
        groups.push({
          path: pathOf(node.command),
          short: describe(node.short),
          ...(node.experimental_daemon && { hidden: true }),
        })
      return
    }
    const spec = commandSpec(node)
    const canonical = spec.paths[0] ?? ''
    if (!found.has(canonical) && (await loadCommand(canonical))) found.set(canonical, spec)
  }
  // Groups first, so that a command is described by its node in the group.
  for (const node of source.toSorted((a, b) => Number(!a.subcommands) - Number(!b.subcommands)))
    await visit(node)
  return { groups, commands: [...found.values()] }
}

/** The text of generated/tree.json: a line for each group and command. What a command is, is a text in it: few are read. */
export async function generateTree(): Promise<string> {
  const source = new URL('spec/docker-cli-tree.json', import.meta.url)
  const { root } = JSON.parse(readFileSync(source, 'utf8')) as {
    root: SourceCommand & { subcommands: SourceCommand[] }
  }
  const { groups, commands: specs } = await trim(root.subcommands)
  const lines = (list: readonly object[]) => list.map((each) => JSON.stringify(each)).join(',\n')
  return [
    `{"short":${JSON.stringify(root.short)},`,
    `"flags":${JSON.stringify((root.flags ?? []).map(flagSpec))},`,
    `"groups":[\n${lines([...groups, ...ownGroups])}],`,
    `"commands":[\n${[...specs, ...ownCommands].map(commandLine).join(',\n')}]}\n`,
  ].join('\n')
}

function commandLine({ paths, ...spec }: CommandSpec): string {
  return `${JSON.stringify(paths.join(','))},${JSON.stringify(JSON.stringify(spec))}`
}

if (import.meta.main) writeFileSync(new URL('generated/tree.json', import.meta.url), await generateTree())
