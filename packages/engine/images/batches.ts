import { setImmediate as nextTurn } from 'node:timers/promises'

/** As many as a turn of the event loop has time for. */
const batchSize = 250

/** Does quick work on each of very many items, and lets others have their turn in between. */
export async function inBatches<T>(items: readonly T[], work: (batch: readonly T[]) => void): Promise<void> {
  for (let at = 0; at < items.length; at += batchSize) {
    if (at > 0) await nextTurn()
    work(items.slice(at, at + batchSize))
  }
}
