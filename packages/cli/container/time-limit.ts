import type { Flags } from '../framework/command.ts'

/** The longest time of a timer, in milliseconds: 24 days. A longer one would be over at once. */
const longest = 2 ** 31 - 1

/** Fires when the time that a flag such as `--timeout` gives is over; undefined when the flag was not given. */
export function timeLimit(flags: Flags, name: string): AbortSignal | undefined {
  if (!flags.changed(name)) return undefined
  return AbortSignal.timeout(Math.min(Math.ceil(flags.duration(name) / 1e6), longest))
}
