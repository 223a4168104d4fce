import { isIP } from 'node:net'
import { GantryError } from '@gantry/errors'
import { ipBytes, ipText, type TransportProtocol } from '@gantry/syscall'
import type { PublishRequest } from '../contracts.ts'

/** A port to publish: on these addresses together, on the first port of the range that is free on all of them. */
export interface PortWish {
  protocol: TransportProtocol
  containerPort: number
  hostIps: string[]
  /** Null: any free port of the dynamic range. */
  hostPorts: { first: number; last: number } | null
}

/** What the endpoint that ports lead to can serve. */
export interface Reach {
  ipv4: boolean
  ipv6: boolean
  /** The address for bindings that name none. */
  defaultIPv4: string
  /** The host has IPv6 addresses. */
  hostIPv6: boolean
  /** The forwarder carries from IPv6 to IPv4, and from ::1. */
  forwarder: boolean
}

/** Reads PortBindings, ExposedPorts and PublishAllPorts. Throws GantryError InvalidParameter in Docker's words. */
export function portWishes(request: PublishRequest, reach: Reach): PortWish[] {
  const wishes: PortWish[] = []
  for (const [key, bindings] of Object.entries(request.bindings)) {
    const { protocol, containerPort } = parseContainerPort(key)
    for (const binding of bindings ?? [])
      wishes.push({
        protocol,
        containerPort,
        hostIps: hostIps(binding.HostIp ?? '', protocol, reach),
        hostPorts: parseHostPorts(binding.HostPort ?? ''),
      })
  }
  if (!request.publishAll) return wishes
  for (const key of request.exposed) {
    const { protocol, containerPort } = parseContainerPort(key)
    const wished = wishes.some((wish) => wish.protocol === protocol && wish.containerPort === containerPort)
    if (!wished)
      wishes.push({ protocol, containerPort, hostIps: hostIps('', protocol, reach), hostPorts: null })
  }
  return wishes
}

function parseContainerPort(key: string): { protocol: TransportProtocol; containerPort: number } {
  const [port = '', protocol = 'tcp'] = key.split('/')
  const name = protocol.toLowerCase()
  if (name !== 'tcp' && name !== 'udp' && name !== 'sctp')
    throw new GantryError('InvalidParameter', `invalid proto: ${protocol}`)
  const number = Number(port)
  if (!/^\d+$/.test(port) || number < 1 || number > 65535)
    throw new GantryError('InvalidParameter', `invalid containerPort: ${port}`)
  return { protocol: name, containerPort: number }
}

function parseHostPorts(text: string): PortWish['hostPorts'] {
  if (text === '' || text === '0') return null
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const range = { first: Number(first), last: Number(last) }
  if (first === undefined || range.first < 1 || range.last > 65535 || range.last < range.first)
    throw new GantryError('InvalidParameter', `invalid hostPort: ${text}`)
  return range
}

/** No address means all that can be served. */
function hostIps(text: string, protocol: TransportProtocol, reach: Reach): string[] {
  const fromIPv6 = reach.ipv6 || (reach.forwarder && protocol !== 'sctp')
  if (text === '') {
    const all = reach.ipv4 ? [reach.defaultIPv4] : []
    return reach.hostIPv6 && fromIPv6 && reach.defaultIPv4 === '0.0.0.0' ? [...all, '::'] : all
  }
  const family = isIP(text)
  if (family === 0) throw new GantryError('InvalidParameter', `invalid IP address: ${text}`)
  const address = ipText(ipBytes(text))
  if (address === '::1' && !(reach.forwarder && protocol !== 'sctp'))
    throw new GantryError(
      'InvalidParameter',
      'cannot publish on ::1: the kernel does not route it; use 127.0.0.1',
    )
  if (family === 6 && !fromIPv6)
    throw new GantryError('InvalidParameter', `cannot publish on ${text}: the network has no IPv6`)
  if (family === 4 && !reach.ipv4)
    throw new GantryError('InvalidParameter', `cannot publish on ${text}: the network has no IPv4`)
  return [address]
}
