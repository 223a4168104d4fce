import type { EndpointResource, Network, NetworkInspect } from '@gantry/api'
import type { EndpointRecord, NetworkRecord } from '@gantry/network'
import { ipamStatus } from './ipam-status.ts'

/** Networks that every daemon has; they can be neither made nor removed. */
export const predefined: readonly string[] = ['bridge', 'host', 'none']

/** The driver's name in the API: what has no network is `null` there. */
export function wireDriver({ driver }: NetworkRecord): string {
  return driver === 'none' ? 'null' : driver
}

/** A network as lists show it. */
function networkToWire(network: NetworkRecord): Network {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: wireDriver(network),
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: network.ipam,
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom ?? '' },
    ConfigOnly: network.configOnly ?? false,
    Options: network.options,
    Labels: network.labels,
  }
}

/** A network with the containers on it, by container id. */
export function networkInspectToWire(network: NetworkRecord, endpoints: EndpointRecord[]): NetworkInspect {
  const containers = endpoints.map((endpoint) => [endpoint.containerId, endpointToWire(endpoint)] as const)
  const status = ipamStatus(network, endpoints)
  return {
    ...networkToWire(network),
    Containers: Object.fromEntries(containers),
    ...(status && { Status: status }),
  }
}

function endpointToWire(endpoint: EndpointRecord): EndpointResource {
  const cidr = (ip: { address: string; prefix: number } | undefined) =>
    ip ? `${ip.address}/${ip.prefix}` : ''
  return {
    Name: endpoint.containerName,
    EndpointID: endpoint.id,
    MacAddress: endpoint.macAddress ?? '',
    IPv4Address: cidr(endpoint.ipv4),
    IPv6Address: cidr(endpoint.ipv6),
  }
}
