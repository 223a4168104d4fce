/** From the words of a command line to the command's exit code. */
import { type Client, compareVersions, configDirectory } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { commands } from '../commands/index.ts'
import { ExitError, type Flags } from './command.ts'
import { ProcessContext, program } from './context.ts'
import { FlagError, type ParsedFlags, parseFlags } from './flags.ts'
import { commandHelp, groupHelp, rootHelp, usageLine } from './help.ts'
import { type CommandSpec, commandTree, type FlagSpec, find } from './tree.ts'
import { checkArguments, flagError, unknownCommand } from './usage-errors.ts'

/** Every engine of the last years speaks it, so what it offers needs no question to the engine. */
const assumedVersion = '1.41'

/** Runs the command that `argv` (without the program) says. Errors are printed; resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv)
  } catch (error) {
    const message = messageOf(error)
    if (message !== '') process.stderr.write(`${message}\n`)
    return error instanceof ExitError ? error.code : 1
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const globals = parse(commandTree.flags, argv, true, `${program} [OPTIONS] COMMAND [ARG...]`, program)
  if (globals.shortHelp) process.stderr.write('Flag shorthand -h has been deprecated, use --help\n')
  if (globals.help) return showHelpFor(globals.args)
  if (globals.flags.bool('version')) return showVersion()
  if (globals.args.length === 0) return showRootHelp()
  checkLogLevel(globals.flags.string('log-level'))
  if (globals.args[0] === 'help') return showHelpFor(globals.args.slice(1))
  return runCommand(globals.flags, globals.args)
}

/** Finds the command at the head of `words`, through groups, and runs it with the rest. */
async function runCommand(globals: Flags, words: readonly string[]): Promise<number> {
  const [first = '', ...others] = words
  const found = find(first)
  if (found === undefined) throw unknownCommand(program, '', first)
  if ('command' in found) return execute(globals, first, found.command, others)
  const help = groupHelp(program, found.group)
  const { args, help: wanted } = parse([], others, true, `${program} ${first} COMMAND`, `${program} ${first}`)
  if (wanted) return print(help)
  const [second, ...rest] = args
  if (second === undefined) {
    process.stderr.write(help)
    return 0
  }
  const path = `${first} ${second}`
  const inner = find(path)
  if (inner === undefined || !('command' in inner)) throw unknownCommand(program, first, second)
  return execute(globals, path, inner.command, rest)
}

async function execute(
  globals: Flags,
  path: string,
  command: CommandSpec,
  words: readonly string[],
): Promise<number> {
  const commandPath = `${program} ${path}`
  const parsed = command.passthrough
    ? parse([], ['--', ...words], false, '', commandPath)
    : parse(command.flags, words, command.flagsFirst === true, usageLine(commandPath, command), commandPath)
  for (const warning of parsed.warnings) process.stderr.write(`${warning}\n`)
  if (parsed.shortHelp) process.stdout.write('Flag shorthand -h has been deprecated, use --help\n')
  if (parsed.help) return print(commandHelp(program, path, command, columns()))
  checkArguments(program, path, command, parsed.args.length)
  const load = commands[command.paths[0] ?? '']
  if (load === undefined) throw new Error(`${path} is in the command tree but has no code`)
  const context = new ProcessContext(commandPath, globals)
  try {
    await checkVersions(command, parsed.flags, () => context.client)
    const run = await load()
    return (await run(context, parsed.args, parsed.flags)) ?? 0
  } finally {
    await context.close()
  }
}

/** Throws if a flag that was given (or the command) needs a newer engine. Asks the engine only when there is doubt. */
async function checkVersions(command: CommandSpec, flags: Flags, client: () => Client): Promise<void> {
  const isNew = (version: string | undefined) =>
    version !== undefined && compareVersions(version, assumedVersion) > 0
  const doubtful = command.flags.filter((flag) => isNew(flag.api_version) && flags.changed(flag.long))
  if (doubtful.length === 0) return
  const version = await client().apiVersion()
  for (const { long, api_version: needed = '' } of doubtful) {
    if (compareVersions(needed, version) > 0) {
      throw new Error(
        `"--${long}" requires API version ${needed}, but the Docker daemon API version is ${version}`,
      )
    }
  }
}

function parse(
  specs: readonly FlagSpec[],
  words: readonly string[],
  flagsFirst: boolean,
  usage: string,
  commandPath: string,
): ParsedFlags {
  try {
    return parseFlags(specs, words, flagsFirst)
  } catch (error) {
    throw error instanceof FlagError ? flagError(error.message, usage, commandPath) : error
  }
}

function checkLogLevel(level: string): void {
  if (
    !['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'panic'].includes(level.toLowerCase())
  ) {
    throw new Error(`Unable to parse logging level: ${level}`)
  }
}

function showHelpFor(words: readonly string[]): number {
  const path = words.join(' ')
  const found = find(path)
  if (path === '') return showRootHelp()
  if (found === undefined) throw new ExitError(1, `unknown help topic: ${path}`)
  return print(
    'group' in found ? groupHelp(program, found.group) : commandHelp(program, path, found.command, columns()),
  )
}

function showRootHelp(): number {
  return print(rootHelp(program, configDirectory(process.env), columns()))
}

async function showVersion(): Promise<number> {
  const { version } = await import('../version.ts')
  return print(`Gantry version ${version}\n`)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function columns(): number {
  return process.stdout.columns ?? 80
}
