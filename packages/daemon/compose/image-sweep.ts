import type { Events } from '@gantry/engine'
import { messageOf } from '@gantry/errors'
import type { Logger } from '../log.ts'

/**
 * Wraps what containers announce their events to: with each container that goes, images may go that were removed by force
 * while it used them.
 */
export function sweepingImages(
  events: Pick<Events, 'publish'>,
  sweep: () => Promise<void>,
  log: Logger,
): Pick<Events, 'publish'> {
  return {
    publish: (type, action, id, attributes) => {
      events.publish(type, action, id, attributes)
      if (action !== 'destroy') return
      sweep().catch((error) => log.warn(`images without a use: ${messageOf(error)}`))
    },
  }
}
