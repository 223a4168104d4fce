import type { FaultPoint } from '@gantry/engine'
import type { Logger } from '../log.ts'

/**
 * Wraps the engine's fault points so that each is also logged (debug) with the milliseconds since the one before it: where
 * the time of a start goes. Meaningful while one container at a time is under way, as in `npm run bench`.
 */
export function tracedSteps(log: Logger, faults: FaultPoint): FaultPoint {
  let last = performance.now()
  return (point) => {
    const now = performance.now()
    log.debug('step', { step: point, ms: (now - last).toFixed(2) })
    last = now
    faults(point)
  }
}
