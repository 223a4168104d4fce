/** Time, as tests can turn it. */
export interface Clock {
  now(): Date
  /** Calls back once after so many milliseconds; the result calls it off. */
  after(milliseconds: number, callback: () => void): () => void
}

/** The real one. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Whether the promise settled within so many milliseconds (negative: for ever) and before `signal` fired. */
export async function within(
  clock: Clock,
  milliseconds: number,
  promise: Promise<unknown>,
  signal?: AbortSignal,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>()
  const giveUp = () => late.resolve(false)
  const cancel = milliseconds < 0 ? () => {} : clock.after(milliseconds, giveUp)
  signal?.addEventListener('abort', giveUp, { once: true })
  if (signal?.aborted) giveUp()
  const settled = promise.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([settled, late.promise])
  } finally {
    cancel()
    signal?.removeEventListener('abort', giveUp)
  }
}
