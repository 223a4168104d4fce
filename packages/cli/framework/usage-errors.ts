/** The texts for command lines that make no sense, as Docker words them. */
import { ExitError } from './command.ts'
import { type CommandSpec, usageLine } from './tree.ts'

/** A flag is wrong: its problem, then the usage line, exit code 125. */
export function flagError(message: string, usage: string, commandPath: string): ExitError {
  return new ExitError(
    125,
    `${message}\n\nUsage:  ${usage}\n\nRun '${commandPath} --help' for more information`,
  )
}

/** There is no such command, at the top or in a group. */
export function unknownCommand(program: string, group: string, name: string): ExitError {
  const parent = group === '' ? program : `${program} ${group}`
  const usage = group === '' ? '' : `Usage:  ${parent}\n\n`
  const text = `${program}: unknown command: ${parent} ${name}\n\n${usage}Run '${parent} --help' for more information`
  return new ExitError(1, text)
}

/** Throws if the command takes more or fewer arguments. */
export function checkArguments(program: string, path: string, command: CommandSpec, count: number): void {
  const [least, most] = command.args
  if (count >= least && (most === null || count <= most)) return
  const commandPath = `${program} ${path}`
  const open = most === null
  const hint = `${open ? 'See' : 'Run'} '${commandPath} --help' for more information`
  const usage = `Usage:  ${usageLine(commandPath, command)}`
  throw new ExitError(1, `${program}: '${commandPath}' ${expectation(least, most)}\n\n${usage}\n\n${hint}`)
}

function expectation(least: number, most: number | null): string {
  const plural = (count: number) => `${count} argument${count === 1 ? '' : 's'}`
  if (most === 0) return 'accepts no arguments'
  if (most === null) return `requires at least ${plural(least)}`
  if (most === least) return `requires ${plural(least)}`
  if (least === 0) return `requires at most ${plural(most)}`
  return `requires at least ${least} and at most ${plural(most)}`
}
