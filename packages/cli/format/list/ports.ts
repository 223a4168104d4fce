/** A container's ports in one line: `0.0.0.0:80->8080/tcp, 53/udp`. */

import type { PortSummary } from '@gantry/api'
import { ipVersion } from '../../options/ip-version.ts'
import { compareText } from '../go/value.ts'

/** Neighbouring ports that are published under the same number are shown as a range. */
export function portsText(ports: readonly PortSummary[]): string {
  const groups = new Map<string, { first: number; last: number }>()
  const ended: string[] = []
  const mapped: string[] = []
  for (const port of [...ports].sort(byPort)) {
    const { IP: ip = '', PrivatePort: inside, PublicPort: outside = 0, Type: protocol } = port
    if (ip && outside !== inside) {
      mapped.push(`${hostPort(ip, String(outside))}->${inside}/${protocol}`)
      continue
    }
    const key = ip ? `${ip}/${protocol}` : protocol
    const group = groups.get(key)
    if (group && inside === group.last + 1) group.last = inside
    else {
      if (group) ended.push(groupText(key, group.first, group.last))
      groups.set(key, { first: inside, last: inside })
    }
  }
  const open = [...groups].map(([key, { first, last }]) => groupText(key, first, last))
  return [...ended, ...open, ...mapped].join(', ')
}

function groupText(key: string, first: number, last: number): string {
  const slash = key.lastIndexOf('/')
  const range = first === last ? String(first) : `${first}-${last}`
  if (slash < 0) return `${range}/${key}`
  return `${hostPort(key.slice(0, slash), range)}->${range}/${key.slice(slash + 1)}`
}

const hostPort = (ip: string, port: string): string =>
  ipVersion(ip) === 6 ? `[${ip}]:${port}` : `${ip}:${port}`

function byPort(a: PortSummary, b: PortSummary): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareText(a.IP ?? '', b.IP ?? '') ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareText(a.Type, b.Type)
  )
}
