import type { CommandLoader } from '../framework/command.ts'

/** Commands that create containers, change their state or talk with their processes. */
export const containerCommands: Record<string, CommandLoader> = {}
