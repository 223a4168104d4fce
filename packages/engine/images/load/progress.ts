/** Turns work that reports as it goes into an iterable of its reports. */
import type { ProgressMessage } from '../../contracts.ts'

/** Above this many unread messages, those about progress are dropped: the next one says more. */
const mostWaiting = 1000

/**
 * Starts `work` when the first message is asked for. Its failure is thrown after the messages before it. A reader that
 * stops early aborts it, and waits until it has cleaned up. `isBehind` tells that the reader has much to read already.
 */
export async function* progressOf(
  work: (
    report: (message: ProgressMessage) => void,
    signal: AbortSignal,
    isBehind: () => boolean,
  ) => Promise<void>,
): AsyncGenerator<ProgressMessage> {
  const waiting: ProgressMessage[] = []
  const abort = new AbortController()
  let wake = () => {}
  let ended = false
  const isBehind = () => waiting.length >= mostWaiting
  const report = (message: ProgressMessage) => {
    if (!isBehind() || message.progressDetail === undefined) waiting.push(message)
    wake()
  }
  const working = work(report, abort.signal, isBehind).finally(() => {
    ended = true
    wake()
  })
  working.catch(() => {})
  try {
    while (!ended || waiting.length > 0) {
      const message = waiting.shift()
      if (message) yield message
      else if (!ended)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    await working
  } finally {
    if (!ended) abort.abort()
    await working.catch(() => {})
  }
}
