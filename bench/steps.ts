/** Where the time of one start goes, step by step, as the daemon itself measures it. */
import { execute, startEngine } from './engines.ts'

const line = /msg="step" step=(\S+) ms=([\d.]+)/g

/** What lies between the engine's named points, in the words of the budget. The wait for the first request is no step. */
const steps: [string, string[]][] = [
  ['row written', ['container.create.volumes', 'container.create.inserted']],
  ['create answered, start asked for', ['container.start.recorded']],
  ['volumes', ['container.start.volumes']],
  ['network', ['container.start.network']],
  ['files and specification', ['container.start.files', 'container.start.spec']],
  ['mount', ['runtime.create.mounted']],
  ['conmon and runtime create', ['container.start.task']],
  ['client attached', ['container.start.attached']],
  ['start', ['container.start.started', 'container.start.running']],
  ['process ran, exit seen', ['container.exit.seen']],
  ['exit written', ['container.exit.recorded']],
  ['clean-up', ['container.exit.deleted', 'container.exit.network', 'container.exit.volumes']],
  [
    'removal',
    [
      ...['container.remove.recorded', 'container.remove.directories'],
      ...['container.remove.volumes', 'container.remove.deleted'],
    ],
  ],
]

function median(figures: number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
}

/** Runs `runs` containers one after another and prints each step's median. */
export async function reportSteps(runs: number): Promise<void> {
  const engine = await startEngine('gantry', ['--log-level', 'debug'])
  try {
    for (let run = 0; run < runs; run++) await execute([...engine.command, 'run', '--rm', 'busybox', 'true'])
    const times = new Map<string, number[]>()
    for (const [, point = '', ms] of engine.log().matchAll(line))
      times.set(point, [...(times.get(point) ?? []), Number(ms)])
    console.log('\nThe budget of `run --rm busybox true`, step by step (medians):')
    for (const [step, points] of steps) {
      const figure = points.reduce((sum, point) => sum + median(times.get(point) ?? []), 0)
      console.log(`  ${step.padEnd(34)}${figure.toFixed(1).padStart(8)} ms`)
    }
  } finally {
    await engine.stop()
  }
}
