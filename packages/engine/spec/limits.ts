/** `--ulimit`. */
import type { HostConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { OciProcess } from '@gantry/runtime'

/** setrlimit(2). */
const names = new Set(
  [
    'as',
    'core',
    'cpu',
    'data',
    'fsize',
    'locks',
    'memlock',
    'msgqueue',
    'nice',
    'nofile',
    'nproc',
    'rss',
  ].concat(['rtprio', 'rttime', 'sigpending', 'stack']),
)

type Ulimits = NonNullable<HostConfig['Ulimits']>

/**
 * The limits that differ from the daemon's: the container's, and those of `defaults` that it does not set. A negative
 * number means none. Throws InvalidParameter.
 */
export function rlimits(ulimits: Ulimits, defaults: Ulimits): NonNullable<OciProcess['rlimits']> {
  const set = new Set(ulimits.map(({ Name }) => Name))
  return [...ulimits, ...defaults.filter(({ Name }) => !set.has(Name))].map(
    ({ Name = '', Soft = 0, Hard = 0 }) => {
      const name = Name.toLowerCase()
      if (!names.has(name)) throw new GantryError('InvalidParameter', `invalid ulimit type: ${Name}`)
      if (Hard >= 0 && (Soft > Hard || Soft < 0)) {
        const message = `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`
        throw new GantryError('InvalidParameter', message)
      }
      return { type: `RLIMIT_${name.toUpperCase()}`, soft: limit(Soft), hard: limit(Hard) }
    },
  )
}

/** RLIM_INFINITY. Too large for a number to hold exactly. */
const infinity = 2n ** 64n - 1n

function limit(value: number): number | bigint {
  return value < 0 ? infinity : value
}
