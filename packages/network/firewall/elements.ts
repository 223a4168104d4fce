/** What a network and a published port are in the table: pure functions. */

import { bridgeOptions } from '../bridge/options.ts'
import type { EndpointRecord, NetworkRecord } from '../contracts.ts'
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
  return ports.flatMap((port) => {
    const family = port.hostIp.includes(':') ? 6 : 4
    const address = family === 4 ? endpoint.ipv4?.address : endpoint.ipv6?.address
    if (!address) return []
    const data = `${address} . ${port.containerPort}`
    const key = `${port.protocol} . ${port.hostPort}`
    return port.hostIp === '0.0.0.0' || port.hostIp === '::'
      ? [{ set: `published${family}_any`, key, data }]
      : [{ set: `published${family}`, key: `${port.hostIp} . ${key}`, data }]
  })
}
