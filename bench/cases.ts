/** What is measured, with the most that Gantry may take of Docker's time or memory. */
import { performance } from 'node:perf_hooks'
import { type Engine, execute, memoryOf } from './engines.ts'

export interface Case {
  name: string
  /** At most this ratio of Gantry's figure to Docker's. */
  target: number
  unit(figure: number): string
  /** One figure: milliseconds or bytes. */
  measure(engine: Engine): Promise<number>
  prepare?(engine: Engine): Promise<void>
  finish?(engine: Engine): Promise<void>
  /** Fewer runs than asked for, for the slow ones. */
  runs?: number
}

const milliseconds = (figure: number): string => `${figure.toFixed(1)} ms`
const mebibytes = (figure: number): string => `${(figure / (1 << 20)).toFixed(1)} MiB`

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const command = (name: string, target: number, args: string[]): Case => ({
  name,
  target,
  unit: milliseconds,
  measure: (engine) => timed(() => execute([...engine.command, ...args])),
})

async function lifeCycle(engine: Engine): Promise<void> {
  const created = await engine.api('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'] })
  const { Id } = created as { Id: string }
  await engine.api('POST', `/containers/${Id}/start`)
  await engine.api('POST', `/containers/${Id}/wait`)
  await engine.api('DELETE', `/containers/${Id}`)
}

const many = Array.from({ length: 32 }, (_, index) => `bench-${index}`)

async function startMany(engine: Engine): Promise<void> {
  await Promise.all(
    many.map((name) => execute([...engine.command, 'run', '-d', '--name', name, 'busybox', 'sleep', '600'])),
  )
}

async function removeMany(engine: Engine): Promise<void> {
  await execute([...engine.command, 'rm', '-f', ...many])
}

export const cases: Case[] = [
  command('run --rm busybox true', 0.33, ['run', '--rm', 'busybox', 'true']),
  command('run --rm --network none busybox true', 0.4, [
    'run',
    '--rm',
    '--network',
    'none',
    'busybox',
    'true',
  ]),
  command('version', 1.5, ['version']),
  {
    name: 'API create, start, wait, remove',
    target: 0.3,
    unit: milliseconds,
    measure: (engine) => timed(() => lifeCycle(engine)),
  },
  {
    name: '32 detached starts at once',
    target: 0.3,
    unit: milliseconds,
    runs: 3,
    measure: async (engine) => {
      const figure = await timed(() => startMany(engine))
      await removeMany(engine)
      return figure
    },
  },
  {
    name: 'memory of the daemon with 32 containers',
    target: 0.9,
    unit: mebibytes,
    runs: 1,
    prepare: startMany,
    measure: async (engine) => memoryOf(await engine.daemonPids()),
    finish: removeMany,
  },
  {
    name: 'memory of one monitor (32 running)',
    target: 0.25,
    unit: mebibytes,
    runs: 1,
    prepare: startMany,
    measure: async (engine) => (await memoryOf(await engine.monitorPids())) / many.length,
    finish: removeMany,
  },
]
