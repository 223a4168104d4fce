/** Starting containers, and what a running one costs. */
import { type Engine, memoryOf } from '../engines.ts'
import { type Case, call, command, mebibytes, milliseconds, names, timed } from './case.ts'

async function lifeCycle(engine: Engine): Promise<void> {
  const created = await engine.api('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'] })
  const { Id } = created as { Id: string }
  await engine.api('POST', `/containers/${Id}/start`)
  await engine.api('POST', `/containers/${Id}/wait`)
  await engine.api('DELETE', `/containers/${Id}`)
}

const many = names('bench', 32)

async function startMany(engine: Engine): Promise<void> {
  await Promise.all(many.map((name) => call(engine, 'run', '-d', '--name', name, 'busybox', 'sleep', '600')))
}

const removeMany = (engine: Engine): Promise<void> => call(engine, 'rm', '-f', ...many)

export const startCases: Case[] = [
  command('run --rm busybox true', 0.33, ['run', '--rm', 'busybox', 'true']),
  command('run --rm --network none busybox true', 0.4, [
    ...['run', '--rm', '--network', 'none', 'busybox', 'true'],
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
