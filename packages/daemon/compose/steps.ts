import type { FaultPoint } from '@gantry/engine'
import type { Logger } from '../log.ts'

export interface Steps {
  /** Logs (debug) that a step is done, with the milliseconds since the one before it. */
  reached(step: string): void
  /** The engine's fault points, each of which is a step too. */
  faults: FaultPoint
}

/**
 * Where the time of a container's life goes, step by step. Meaningful while one container at a time is under way, as in
 * `npm run bench`.
 */
export function tracedSteps(log: Logger, faults: FaultPoint): Steps {
  let last = performance.now()
  const reached = (step: string): void => {
    const now = performance.now()
    log.debug('step', { step, ms: (now - last).toFixed(2) })
    last = now
  }
  return {
    reached,
    faults: (point) => {
      reached(point)
      faults(point)
    },
  }
}
