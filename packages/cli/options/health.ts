/** `--health-*`, `--no-healthcheck`. */
import type { HealthConfig } from '@gantry/api'
import type { Flags } from '../framework/command.ts'

/** The health check that the flags say; undefined to leave it to the image. Throws RangeError with Docker's words. */
export function parseHealth(flags: Flags): HealthConfig | undefined {
  const command = flags.string('health-cmd')
  const times = {
    Interval: flags.duration('health-interval'),
    Timeout: flags.duration('health-timeout'),
    Retries: flags.number('health-retries'),
    StartPeriod: flags.duration('health-start-period'),
    StartInterval: flags.duration('health-start-interval'),
  }
  const given = command !== '' || Object.values(times).some((value) => value !== 0)
  if (flags.bool('no-healthcheck')) {
    if (given) throw new RangeError('--no-healthcheck conflicts with --health-* options')
    return { Test: ['NONE'] }
  }
  if (!given) return undefined
  const names = ['interval', 'timeout', 'retries', 'start-period', 'start-interval']
  const negative = names.find((_, index) => (Object.values(times)[index] ?? 0) < 0)
  if (negative !== undefined) throw new RangeError(`--health-${negative} cannot be negative`)
  const set = Object.fromEntries(Object.entries(times).filter(([, value]) => value !== 0))
  return { ...(command && { Test: ['CMD-SHELL', command] }), ...set }
}
