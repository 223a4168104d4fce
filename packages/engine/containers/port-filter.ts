/** The values of `ps --filter publish=` and `expose=`, refused in Docker's words. */
import { GantryError } from '@gantry/errors'

export interface WantedPorts {
  first: number
  last: number
  /** As it was written: one that no port has finds none. */
  protocol: string
}

/** `80`, `80/udp`, `8000-8010/tcp`. `name` is the filter's. Throws InvalidParameter. */
export function parsePortFilter(name: string, value: string): WantedPorts {
  const refuse = (problem: string) => new GantryError('InvalidParameter', problem)
  if (value.includes(':')) throw refuse(`filter for '${name}' should not contain ':': ${value}`)
  const [ports = '', protocol] = value.split('/')
  try {
    return { ...portRange(ports), protocol: protocol || 'tcp' }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw refuse(`error while looking up for ${name} ${value}: ${error.message}`)
  }
}

/** What stands behind a second dash is not looked at, as in Docker. */
function portRange(text: string): { first: number; last: number } {
  if (text === '') throw new RangeError('Empty string specified for ports.')
  const [first = '', last = first] = text.split('-')
  const range = { first: portNumber(first), last: portNumber(last) }
  if (range.last < range.first) throw new RangeError(`Invalid range specified for the Port: ${text}`)
  return range
}

function portNumber(text: string): number {
  const problem = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'
  if (problem === 'value out of range' && Number(text) < 2 ** 16) return Number(text)
  throw new RangeError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: ${problem}`)
}
