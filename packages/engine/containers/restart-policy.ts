import type { HostConfig } from '@gantry/api'

/** What the end of a run tells the policy. */
export interface EndedRun {
  exitCode: number
  /** Restarts by the policy so far. */
  restarts: number
  /** The user stopped or killed it. */
  endedByUser: boolean
  /** It was unhealthy, and such containers are to be started anew. */
  replaced?: boolean
}

/** Whether the container is to run again. */
export function shouldRestart(policy: HostConfig['RestartPolicy'], run: EndedRun): boolean {
  if (run.endedByUser) return false
  const most = (policy?.Name === 'on-failure' && policy.MaximumRetryCount) || Number.POSITIVE_INFINITY
  if (run.replaced) return run.restarts < most
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true
    case 'on-failure':
      return run.exitCode !== 0 && run.restarts < most
    default:
      return false
  }
}

/** Whether a container that does not run is started when the daemon starts. */
export function startsWithDaemon(policy: HostConfig['RestartPolicy'], stoppedByUser: boolean): boolean {
  return policy?.Name === 'always' || (policy?.Name === 'unless-stopped' && !stoppedByUser)
}

const firstDelay = 100
const longestDelay = 60_000
/** A run of this length counts as a success: the next delay is the first again. */
const steadyAfter = 10_000

/** Milliseconds to wait before the next try: doubling while runs are short. `previous` is null at first. */
export function nextDelay(previous: number | null, ranFor: number): number {
  if (previous === null || ranFor >= steadyAfter) return firstDelay
  return Math.min(previous * 2, longestDelay)
}
