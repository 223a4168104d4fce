/** Where the time of one start goes, step by step, as the daemon itself measures it. */
import { execute, startEngine } from './engines.ts'

const line = /msg="step" step=(\S+) ms=([\d.]+)/g

/** Runs `runs` containers one after another and prints each step's median, slowest first. */
export async function reportSteps(runs: number): Promise<void> {
  const engine = await startEngine('gantry', ['--log-level', 'debug'])
  try {
    for (let run = 0; run < runs; run++) await execute([...engine.command, 'run', '--rm', 'busybox', 'true'])
    const times = new Map<string, number[]>()
    for (const [, step = '', ms] of engine.log().matchAll(line))
      times.set(step, [...(times.get(step) ?? []), Number(ms)])
    console.log('\nThe budget of `run --rm busybox true`, step by step (medians):')
    for (const [step, figures] of times) {
      const middle = figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0
      console.log(`  ${step.padEnd(30)}${middle.toFixed(1).padStart(8)} ms`)
    }
  } finally {
    await engine.stop()
  }
}
