/** `--restart no|always|unless-stopped|on-failure[:max-retries]`. */
import type { RestartPolicy } from '@gantry/api'
import { parseGoInt } from './go-numbers.ts'

/** Reads the value of `--restart`; the engine knows the names. Throws RangeError with Docker's words. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  if (colon === 0) throw new RangeError('invalid restart policy format: no policy provided before colon')
  if (colon < 0) return { Name: name as RestartPolicy['Name'] & string, MaximumRetryCount: 0 }
  try {
    const count = parseGoInt(text.slice(colon + 1), 10)
    return { Name: name as RestartPolicy['Name'] & string, MaximumRetryCount: count }
  } catch {
    throw new RangeError('invalid restart policy format: maximum retry count must be an integer')
  }
}
