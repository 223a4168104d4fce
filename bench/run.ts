/**
 * `npm run bench [-- --runs N] [--only TEXT]`: the same work on Gantry and on Docker Engine, in turn within one run, so
 * that a machine whose speed drifts slows both. Prints medians and the ratio Gantry / Docker beside its target.
 */
import { parseArgs } from 'node:util'
import type { Case } from './cases/case.ts'
import { cases } from './cases/index.ts'
import { type Engine, startEngine } from './engines.ts'
import { reportSteps } from './steps.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '11' }, only: { type: 'string', default: '' } },
})
const runs = Number(values.runs)

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Measures a case on each engine in turn and prints its line. False when it is above its target. */
async function report(item: Case, engines: readonly [Engine, Engine]): Promise<boolean> {
  const figures: [number[], number[]] = [[], []]
  for (const engine of engines) await item.prepare?.(engine)
  for (let run = -1; run < Math.min(runs, item.runs ?? runs); run++) {
    for (const [index, engine] of engines.entries()) {
      const figure = await item.measure(engine)
      if (run >= 0 || item.runs === 1) figures[index as 0 | 1].push(figure) // the first run warms up
    }
  }
  for (const engine of engines) await item.finish?.(engine)
  const [ours, theirs] = [median(figures[0]), median(figures[1])]
  const ratio = ours / theirs
  const isAbove = ratio > (item.target ?? Infinity) || ours > (item.most ?? Infinity)
  const target = item.most === undefined ? item.target?.toFixed(2) : item.unit(item.most)
  console.log(
    `${item.name.padEnd(44)}${item.unit(ours).padStart(12)}${item.unit(theirs).padStart(12)}${ratio.toFixed(2).padStart(8)}${target?.padStart(11)}${isAbove ? '  above target' : ''}`,
  )
  return !isAbove
}

/** How many are above their target. */
async function reportAll(engines: readonly [Engine, Engine]): Promise<number> {
  console.log(
    `${'case'.padEnd(44)}${'gantry'.padStart(12)}${'docker'.padStart(12)}${'ratio'.padStart(8)}${'target'.padStart(11)}`,
  )
  let missed = 0
  for (const item of cases.filter(({ name }) => name.includes(values.only)))
    if (!(await report(item, engines))) missed++
  return missed
}

/** Rejects when somebody wants to end this, so that the engines are stopped. */
function interrupted(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => reject(new Error(`ended by ${signal}`)))
  return promise
}

await (await startEngine('gantry')).stop() // the first start compiles the sources
const engines: [Engine, Engine] = [await startEngine('gantry'), await startEngine('docker')]
let missed = 0
try {
  missed = await Promise.race([reportAll(engines), interrupted()])
} finally {
  await Promise.allSettled(engines.map((engine) => engine.stop()))
}
if (values.only === '') await reportSteps(runs)
console.log(missed === 0 ? '\nEvery ratio is within its target.' : `\n${missed} above target.`)
