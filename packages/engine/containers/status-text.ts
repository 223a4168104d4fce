import type { ContainerRecord } from './record.ts'

/** The STATUS column of `ps`: `Up 3 seconds (healthy)`, `Exited (0) 5 minutes ago`. */
export function statusText({ state, health }: ContainerRecord, now: Date): string {
  const since = (time: string | null) => humanDuration(time ? now.getTime() - Date.parse(time) : 0)
  switch (state.status) {
    case 'running':
      return `Up ${since(state.startedAt)}${healthText(health?.Status)}`
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
    default:
      if (!state.startedAt) return 'Created'
      return state.finishedAt ? `Exited (${state.exitCode}) ${since(state.finishedAt)} ago` : ''
  }
}

function healthText(status: string | undefined): string {
  if (!status || status === 'none') return ''
  return status === 'starting' ? ' (health: starting)' : ` (${status})`
}

/** A length of time in words, as Docker rounds it. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.floor(seconds / 3600 + 0.5)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`
}
