import { GantryError } from '@gantry/errors'

export interface PortRange {
  first: number
  last: number
  protocol: 'tcp' | 'udp' | 'sctp'
}

/**
 * `80`, `80/udp`, `8000-8010/tcp`: a port or a range, tcp when nothing is said.
 * Throws InvalidParameter `invalid port specification: "X"`.
 */
export function parsePort(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (!match || first > 65535 || last > 65535 || last < first) {
    throw new GantryError('InvalidParameter', `invalid port specification: ${JSON.stringify(text)}`)
  }
  return { first, last, protocol: (match[3]?.toLowerCase() ?? 'tcp') as PortRange['protocol'] }
}
