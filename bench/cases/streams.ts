/** Bytes in bulk: logs, the output of an attached container, copies. */
import { type Engine, execute, processorTime } from '../engines.ts'
import { type Case, call, command, milliseconds, timedCall } from './case.ts'
import { removeAll, startAll } from './containers.ts'

/** 1 GiB of text in lines of 128 bytes, as a file on the host. */
const gibibyte = (root: string): Promise<void> =>
  execute(['sh', '-c', `yes "$(head -c 127 /dev/zero | tr '\\0' x)" | head -c ${1 << 30} >${root}/gibibyte`])

const attached = (engine: Engine): Promise<number> =>
  timedCall(
    engine,
    'run',
    '--rm',
    '-v',
    `${engine.root}/gibibyte:/gibibyte:ro`,
    'busybox',
    'cat',
    '/gibibyte',
  )

const withGibibyte: Pick<Case, 'prepare' | 'finish' | 'runs'> = {
  runs: 1, // Docker Engine needs a minute for one
  prepare: (engine) => gibibyte(engine.root),
  finish: (engine) => execute(['rm', `${engine.root}/gibibyte`]),
}

export const streamCases: Case[] = [
  command('logs of 1,000,000 lines', 0.6, ['logs', 'talker'], {
    runs: 3,
    prepare: (engine) => call(engine, 'run', '--name', 'talker', 'busybox', 'seq', '1000000'),
    finish: (engine) => removeAll(engine, ['talker']),
  }),
  {
    name: '1 GiB of output through an attached run',
    target: 1,
    unit: milliseconds,
    measure: (engine) => attached(engine),
    ...withGibibyte,
  },
  {
    name: 'CPU time of 1 GiB of output',
    target: 0.5,
    unit: milliseconds,
    measure: (engine) => processorTime(() => attached(engine)),
    ...withGibibyte,
  },
  {
    name: 'cp of 1 GiB into a container',
    target: 1,
    unit: milliseconds,
    measure: (engine) => timedCall(engine, 'cp', `${engine.root}/gibibyte`, 'copied:/gibibyte'),
    runs: 2,
    prepare: async (engine) => {
      await gibibyte(engine.root)
      await startAll(engine, ['copied'])
    },
  },
  {
    name: 'cp of 1 GiB out of a container',
    target: 1,
    unit: milliseconds,
    measure: (engine) => timedCall(engine, 'cp', 'copied:/gibibyte', `${engine.root}/gibibyte`),
    runs: 2,
    finish: async (engine) => {
      await removeAll(engine, ['copied'])
      await execute(['rm', `${engine.root}/gibibyte`])
    },
  },
]
