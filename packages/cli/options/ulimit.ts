/** `--ulimit nofile=1024:4096`. */
import { parseGoInt } from './go-numbers.ts'

export interface Ulimit {
  Name: string
  Soft: number
  Hard: number
}

const types = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

/** Reads one value of `--ulimit`; -1 is no limit. Throws RangeError with Docker's words. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=')
  if (equals < 0) throw new RangeError(`invalid ulimit argument: ${text}`)
  const name = text.slice(0, equals)
  if (!types.has(name)) throw new RangeError(`invalid ulimit type: ${name}`)
  const limits = text.slice(equals + 1)
  const parts = limits.split(':')
  if (parts.length > 2) {
    throw new RangeError(
      `too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``,
    )
  }
  const soft = parseGoInt(parts[0] ?? '', 10)
  const hard = parts[1] === undefined ? soft : parseGoInt(parts[1], 10)
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const values = soft === -1 ? `soft: -1 (unlimited), hard: ${hard}` : `${soft} > ${hard}`
    throw new RangeError(`ulimit soft limit must be less than or equal to hard limit: ${values}`)
  }
  return { Name: name, Soft: soft, Hard: hard }
}
