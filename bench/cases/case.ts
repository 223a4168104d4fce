/** What a case is, and how its figure is taken. */
import { performance } from 'node:perf_hooks'
import { type Engine, execute, timeOf } from '../engines.ts'

export interface Case {
  name: string
  /** At most this ratio of Gantry's figure to Docker's. */
  target?: number
  /** At most this figure of Gantry's, whatever Docker's is. */
  most?: number
  unit(figure: number): string
  /** One figure: milliseconds or bytes. */
  measure(engine: Engine): Promise<number>
  prepare?(engine: Engine): Promise<void>
  finish?(engine: Engine): Promise<void>
  /** Fewer runs than asked for, for the slow ones. With one run nothing is warmed up before. */
  runs?: number
}

/** A figure in milliseconds as the table shows it. */
export const milliseconds = (figure: number): string => `${figure.toFixed(1)} ms`
/** A figure in bytes as the table shows it. */
export const mebibytes = (figure: number): string => `${(figure / (1 << 20)).toFixed(1)} MiB`

/** How long the work takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Runs the engine's own command. */
export const call = (engine: Engine, ...args: string[]): Promise<void> =>
  execute([...engine.command, ...args])

/** Runs the engine's own command and resolves to how long it took, in milliseconds. */
export const timedCall = (engine: Engine, ...args: string[]): Promise<number> =>
  timeOf([...engine.command, ...args])

/** The time of one command line. */
export const command = (name: string, target: number, args: string[], rest: Partial<Case> = {}): Case => ({
  name,
  target,
  unit: milliseconds,
  measure: (engine) => timedCall(engine, ...args),
  ...rest,
})

/** Names for so many containers of one case. */
export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
