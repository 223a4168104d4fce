/** Pauses between tries of one request. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RegistryLimits } from './contracts.ts'
import { RegistryError } from './errors.ts'

const firstPause = 500
const longestPause = 10_000

/** Statuses after which the same request may succeed. */
export function isTransient(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504
}

/** Milliseconds before the next try: twice as long each time, and anything between half and all of that. */
export function backOff(failures: number, random: () => number = Math.random): number {
  const most = Math.min(longestPause, firstPause * 2 ** (failures - 1))
  return most / 2 + (most / 2) * random()
}

/**
 * Runs `attempt` until it resolves, at most `limits.attempts` times, pausing after failures that may pass. Rejects with
 * the last failure, at once when it will not pass or when the registry wants a longer pause than is allowed.
 */
export async function withRetries<T>(
  limits: RegistryLimits,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      if (failures >= limits.attempts || !mayPass(error)) throw error
      const wanted = error.retryAfter === undefined ? 0 : error.retryAfter - Date.now()
      if (wanted > limits.longestRetryAfter) throw error
      await sleep(Math.max(wanted, backOff(failures)), undefined, signal && { signal }).catch(() => {
        throw signal?.reason
      })
    }
  }
}

/** The code of an error: a proxy has said no. */
export const proxyRefused = 'PROXY_REFUSED'

/** Nobody listens, or the name does not exist: asking again shortly after changes nothing. */
const lasting = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  proxyRefused,
])

function mayPass(error: unknown): error is RegistryError {
  if (!(error instanceof RegistryError) || !error.retryable) return false
  return error.reason !== 'unreachable' || !lasting.has(systemCode(error))
}

function systemCode(error: Error): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause
    const { code } = first as NodeJS.ErrnoException
    if (typeof code === 'string') return code
  }
  return ''
}
