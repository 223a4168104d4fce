import type { Step } from './contracts.ts'

/** The steps that a step is made from, each once, those that others need before them; itself the last. */
export function stepsOf(last: Step | null): Step[] {
  const found = new Set<Step>()
  const visit = (step: Step): void => {
    if (found.has(step)) return
    if (step.kind !== 'image') {
      if (step.input) visit(step.input)
      const parts = step.kind === 'run' ? step.mounts : step.kind === 'copy' ? step.copies : []
      for (const { origin } of parts) if (origin?.kind === 'snapshot') visit(origin.step)
    }
    found.add(step)
  }
  if (last) visit(last)
  return [...found]
}
