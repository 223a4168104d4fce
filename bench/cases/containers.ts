/** Work on containers that are there: exec, lists, statistics, stopping many. */
import type { Engine } from '../engines.ts'
import { type Case, call, command, milliseconds, names, timed } from './case.ts'

/** Stops at SIGTERM at once, as a service does. */
const service = ['busybox', 'sh', '-c', 'trap exit TERM; sleep 3600 & wait']

/** Starts them eight at a time: more at once only queue. */
export async function startAll(engine: Engine, all: string[]): Promise<void> {
  const waiting = [...all]
  const worker = async (): Promise<void> => {
    for (let name = waiting.pop(); name; name = waiting.pop())
      await call(engine, 'run', '-d', '--name', name, ...service)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

/** Kills and removes the containers in one call. */
export const removeAll = (engine: Engine, all: string[]): Promise<void> => call(engine, 'rm', '-f', ...all)

async function stopAndRemove(engine: Engine, name: string): Promise<void> {
  await engine.api('POST', `/containers/${name}/stop`)
  await engine.api('DELETE', `/containers/${name}`)
}

const among = (count: number, prefix: string): Pick<Case, 'prepare' | 'finish'> => ({
  prepare: (engine) => startAll(engine, names(prefix, count)),
  finish: (engine) => removeAll(engine, names(prefix, count)),
})

export const containerCases: Case[] = [
  command('exec CONTAINER true', 0.7, ['exec', 'target', 'true'], {
    prepare: (engine) => startAll(engine, ['target']),
    finish: (engine) => removeAll(engine, ['target']),
  }),
  command('stats --no-stream of 50 containers', 0.5, ['stats', '--no-stream'], {
    ...among(50, 'measured'),
    runs: 3,
  }),
  {
    name: 'stop and remove of 50 containers at once',
    target: 0.5,
    unit: milliseconds,
    runs: 3,
    measure: async (engine) => {
      const all = names('ending', 50)
      await startAll(engine, all)
      return timed(() => Promise.all(all.map((name) => stopAndRemove(engine, name))))
    },
  },
  command('ps with 200 containers', 1, ['ps'], among(200, 'listed')),
]
