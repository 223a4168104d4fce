import type { CommandSpec } from './tree.ts'

/** Commands that Docker's command line does not have. */
export const ownCommands: CommandSpec[] = [
  {
    paths: ['daemon'],
    short: 'Run the Gantry daemon',
    usage: ['[OPTIONS]'],
    args: [0, null],
    flags: [],
    passthrough: true,
  },
]
