import type { CommandRun } from '../framework/command.ts'
import { containerCommand } from './container-commands.ts'
import { objectCommand } from './object-commands.ts'

/**
 * Loads the code of one command, so that its start does not pay for the others: a table of loaders would be 80 functions to
 * make first. Resolves with the command of a canonical path, with undefined if it has no code. `container ls` also answers to
 * `ps`, which the command tree knows.
 */
export const loadCommand = async (path: string): Promise<CommandRun | undefined> =>
  (await objectCommand(path)) ?? (await containerCommand(path))
