/** What a network and a published port are in the table: pure functions. */

import { bridgeOptions } from '../bridge/options.ts'
import type { EndpointRecord, NetworkRecord } from '../contracts.ts'
import { forwardedPorts } from '../forwarder/port-forwarder.ts'
import type { ForwardedPort } from '../forwarder/protocol.ts'
import { subnetsOf } from '../ipam/addresses.ts'
import { formatCidr } from '../ipam/cidr.ts'
import type { PublishedPort } from '../ports/published.ts'
import type { Element } from './ruleset.ts'

/** Elements of a bridge network. */
export function networkElements(network: NetworkRecord): Element[] {
  if (network.driver !== 'bridge' || !network.bridgeName) return []
  const name = `"${network.bridgeName}"`
  const options = bridgeOptions(network.options)
  const { ipv4, ipv6 } = subnetsOf(network)
  const elements: Element[] = [{ set: 'bridges', key: name }]
  if (network.internal) elements.push({ set: 'internal', key: name })
  if (options.interContainer) elements.push({ set: 'neighbours', key: `${name} . ${name}` })
  for (const [subnet, family] of [
    [ipv4, 4],
    [ipv6, 6],
  ] as const) {
    if (!subnet) continue
    const block = formatCidr(subnet.subnet)
    elements.push({ set: `subnets${family}`, key: `${name} . ${block}` })
    if (options.masquerade && !network.internal) elements.push({ set: `masquerade${family}`, key: block })
  }
  return elements
}

/** Elements of the published ports of a container whose gateway endpoint this is. */
export function portElements(ports: readonly PublishedPort[], endpoint: EndpointRecord): Element[] {
  const forwarded = forwardedPorts(ports, endpoint)
  return [...ports.flatMap((port) => translated(port, endpoint)), ...forwarded.map(guarded)]
}

/** What the kernel itself leads to the container. */
function translated(port: PublishedPort, endpoint: EndpointRecord): Element[] {
  const family = port.hostIp.includes(':') ? 6 : 4
  const address = family === 4 ? endpoint.ipv4?.address : endpoint.ipv6?.address
  if (!address || port.hostIp === '::1') return []
  const data = `${address} . ${port.containerPort}`
  const key = `${port.protocol} . ${port.hostPort}`
  return port.hostIp === '0.0.0.0' || port.hostIp === '::'
    ? [{ set: `published${family}_any`, key, data }]
    : [{ set: `published${family}`, key: `${port.hostIp} . ${key}`, data }]
}

/** What the forwarder serves: a socket alone would be open to more than the rules for the others allow. */
function guarded({ protocol, hostIp, hostPort }: ForwardedPort): Element {
  const key = `${protocol} . ${hostPort}`
  return hostIp === '::' ? { set: 'forwarded6_any', key } : { set: 'forwarded6', key: `${hostIp} . ${key}` }
}
