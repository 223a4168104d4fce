/** From the words of a command line to the command's exit code. */
import { type Client, compareVersions, configDirectory } from '@gantry/client'
import { messageOf } from '@gantry/errors'
import { loadCommand } from '../commands/index.ts'
import { version } from '../version.ts'
import { ExitError, type Flags } from './command.ts'
import { type Outputs, ProcessContext, program } from './context.ts'
import { FlagError, type ParsedFlags, parseFlags } from './flags.ts'
import { type CommandSpec, commandTree, type FlagSpec, find, usageLine } from './tree.ts'
import { checkArguments, flagError, unknownCommand } from './usage-errors.ts'

/** Every engine of the last years speaks it, so what it offers needs no question to the engine. */
const assumedVersion = '1.41'

/** Runs the command that `argv` (without the program) says. Errors are printed; resolves with the exit code. */
export async function main(argv: readonly string[], outputs: Outputs): Promise<number> {
  try {
    return await new CommandLine(outputs).run(argv)
  } catch (error) {
    const message = messageOf(error)
    if (message !== '') outputs.stderr.write(`${message}\n`)
    return error instanceof ExitError ? error.code : 1
  }
}

class CommandLine {
  readonly #outputs: Outputs

  constructor(outputs: Outputs) {
    this.#outputs = outputs
  }

  async run(argv: readonly string[]): Promise<number> {
    const { flags, args, help, shortHelp } = await parse(
      commandTree.flags,
      argv,
      true,
      `${program} [OPTIONS] COMMAND [ARG...]`,
      program,
    )
    if (shortHelp) this.#outputs.stderr.write(shortHelpWarning)
    if (help) return this.#showHelp(args)
    if (flags.bool('version')) return this.#print(`Gantry version ${version}\n`)
    if (args.length === 0) return this.#showHelp([])
    checkLogLevel(flags.string('log-level'))
    if (args[0] === 'help') return this.#showHelp(args.slice(1))
    return this.#runCommand(flags, args)
  }

  /** Finds the command at the head of `words`, below the group of the name `above`, and runs it with the rest. */
  async #runCommand(globals: Flags, words: readonly string[], above = ''): Promise<number> {
    const [first = '', ...others] = words
    const path = above === '' ? first : `${above} ${first}`
    const found = find(path)
    if (found === undefined) throw unknownCommand(program, above, first)
    if ('command' in found) return this.#execute(globals, path, found.command, others)
    const { args, help } = await parse([], others, true, `${program} ${path} COMMAND`, `${program} ${path}`)
    if (help) return this.#showHelp(path.split(' '))
    if (args.length > 0) return this.#runCommand(globals, args, path)
    const { groupHelp } = await helpPages()
    this.#outputs.stderr.write(groupHelp(program, found.group))
    return 0
  }

  async #execute(
    globals: Flags,
    path: string,
    command: CommandSpec,
    words: readonly string[],
  ): Promise<number> {
    const commandPath = `${program} ${path}`
    const parsed = command.passthrough
      ? await parse([], ['--', ...words], false, '', commandPath)
      : await parse(
          command.flags,
          words,
          command.flagsFirst === true,
          usageLine(commandPath, command),
          commandPath,
        )
    for (const warning of parsed.warnings) this.#outputs.stderr.write(`${warning}\n`)
    if (parsed.shortHelp) this.#outputs.stdout.write(shortHelpWarning)
    if (parsed.help) return this.#showHelp(path.split(' '))
    checkArguments(program, path, command, parsed.args.length)
    const context = new ProcessContext(commandPath, globals, this.#outputs)
    try {
      await checkVersions(command, parsed.flags, () => context.client)
      const run = await loadCommand(command.paths[0] ?? '')
      if (run === undefined) throw new Error(`${path} is in the command tree but has no code`)
      return (await run(context, parsed.args, parsed.flags)) ?? 0
    } finally {
      await context.close()
    }
  }

  /** Prints the help page of what the words name, the top page for none. */
  async #showHelp(words: readonly string[]): Promise<number> {
    const { commandHelp, groupHelp, rootHelp } = await helpPages()
    const path = words.join(' ')
    const columns = this.#outputs.stdout.columns || 80
    if (path === '') return this.#print(rootHelp(program, configDirectory(process.env), columns))
    const found = find(path)
    if (found === undefined) throw new ExitError(1, `unknown help topic: ${path}`)
    if ('group' in found) return this.#print(groupHelp(program, found.group))
    return this.#print(commandHelp(program, path, found.command, columns))
  }

  #print(text: string): number {
    this.#outputs.stdout.write(text)
    return 0
  }
}

/** Few commands are asked for help: the others need not load it. */
const helpPages = () => import('./help.ts')

const shortHelpWarning = 'Flag shorthand -h has been deprecated, use --help\n'

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

async function parse(
  specs: readonly FlagSpec[],
  words: readonly string[],
  flagsFirst: boolean,
  usage: string,
  commandPath: string,
): Promise<ParsedFlags> {
  try {
    return await parseFlags(specs, words, flagsFirst)
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
