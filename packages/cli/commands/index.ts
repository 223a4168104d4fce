import type { CommandLoader } from '../framework/command.ts'
import { containerCommands } from './container-commands.ts'
import { objectCommands } from './object-commands.ts'

/** Every command there is, by its canonical path: `container ls` also answers to `ps`, which the command tree knows. */
export const commands: Readonly<Record<string, CommandLoader>> = { ...containerCommands, ...objectCommands }
