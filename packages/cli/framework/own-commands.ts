import type { CommandSpec, FlagSpec } from './tree.ts'

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

const healthOnFailure: FlagSpec = {
  long: 'health-on-failure',
  type: 'string',
  desc: 'Action when the container turns unhealthy ("none", "kill", "restart", "stop")',
}

/** Flags that Docker's commands do not have, by the command's main name. */
export const ownFlags: Record<string, FlagSpec[]> = {
  'container create': [healthOnFailure],
  'container run': [
    healthOnFailure,
    {
      long: 'wait',
      type: 'bool',
      desc: 'With --detach: return when the container is healthy, or runs if it has no health check',
    },
    {
      long: 'wait-timeout',
      type: 'duration',
      desc: 'Longest time for --wait (ms|s|m|h) (default: no limit)',
    },
  ],
  'container logs': [{ long: 'clear', type: 'bool', desc: 'Empty the log instead of showing it' }],
  'container wait': [
    {
      long: 'state',
      type: 'list',
      multi: true,
      desc: 'Wait until the container is in one of these states (created, running, paused, restarting, exited, dead, removed, healthy, unhealthy)',
    },
    { long: 'timeout', type: 'duration', desc: 'Longest time to wait (ms|s|m|h) (default: no limit)' },
  ],
}
