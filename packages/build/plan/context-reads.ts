/** What a plan reads of the contexts: nothing else has to be sent. */
import type { Origin, Step } from '../contracts.ts'

export interface ContextRead {
  name: string
  /** Paths and patterns, from the root of the context. */
  paths: readonly string[]
}

/** Of a step and of all that it needs. */
export function contextReads(target: Step | null): ContextRead[] {
  const reads: ContextRead[] = []
  const seen = new Set<Step>()
  const waiting = [target]
  const read = (origin: Origin | undefined, paths: readonly string[]): void => {
    if (origin?.kind === 'context') reads.push({ name: origin.name, paths })
    if (origin?.kind === 'snapshot') waiting.push(origin.step)
  }
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    if (step === null || seen.has(step)) continue
    seen.add(step)
    if (step.kind === 'image') continue
    waiting.push(step.input)
    if (step.kind === 'copy') for (const { origin, sources } of step.copies) read(origin, sources)
    if (step.kind === 'run') for (const { origin, source } of step.mounts) read(origin, [source ?? '/'])
  }
  return reads
}
