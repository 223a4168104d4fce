/** Finding the daemon again: containers and execs do not end with it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError, type Client } from '@gantry/client'
import { isKind } from '@gantry/errors'
import { type CommandContext, ExitError } from '../framework/command.ts'

/** How long a daemon may take to come back, in milliseconds, unless GANTRY_RECONNECT says otherwise (in seconds). */
const usualPatience = 60_000
/** It is looked for ever less often, in milliseconds. */
const shortestPause = 50
const longestPause = 1000
/** How long it may take to say that it is there. */
const answerTime = 10_000

const connectionErrors = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'ENOENT',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Whether the daemon has gone, rather than given an answer that we did not want. */
export function isLost(error: unknown): boolean {
  if (isKind(error, 'Unavailable')) return !(error instanceof ApiError)
  return connectionErrors.has((error as NodeJS.ErrnoException | null)?.code ?? '')
}

/** How long to wait for the next daemon, in milliseconds. */
export function patienceOf(env: CommandContext['env']): number {
  const seconds = Number(env.GANTRY_RECONNECT ?? Number.NaN)
  return seconds >= 0 ? seconds * 1000 : usualPatience
}

/** Whether a daemon answers within `patience` milliseconds, and before the signal fires. */
export async function comesBack(
  client: Client,
  patience: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const end = Date.now() + patience
  for (
    let pause = shortestPause;
    Date.now() < end && !signal.aborted;
    pause = Math.min(2 * pause, longestPause)
  ) {
    await sleep(Math.min(pause, Math.max(0, end - Date.now())), undefined, { signal }).catch(() => {})
    if (!signal.aborted && (await answers(client, signal))) return true
  }
  return false
}

async function answers(client: Client, signal: AbortSignal): Promise<boolean> {
  try {
    await client.call('SystemPing', { signal: AbortSignal.any([signal, AbortSignal.timeout(answerTime)]) })
    return true
  } catch {
    return false
  }
}

/**
 * Returns when a daemon is there again. Throws an ExitError with code 125 when it does not come back in time, with 130 when
 * the user does not want to wait. `what` is what goes on without us: `container web`. With `quiet`, a terminal belongs to
 * what runs, and nothing is written into it.
 */
export async function reconnected(
  { client, env, stderr }: CommandContext,
  what: string,
  { quiet = false }: { quiet?: boolean } = {},
): Promise<void> {
  const patience = patienceOf(env)
  if (stderr.isTTY && !quiet) stderr.write('connection to the daemon lost, trying to get it back\n')
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort()
  process.once('SIGINT', interrupt)
  try {
    if (await comesBack(client, patience, interrupted.signal)) return
  } finally {
    process.off('SIGINT', interrupt)
  }
  if (interrupted.signal.aborted) throw new ExitError(130)
  const problem = `lost the connection to the daemon at ${client.host}, and it has not come back within ${patience / 1000} seconds`
  throw new ExitError(125, `${problem}; ${what} goes on without it`)
}
