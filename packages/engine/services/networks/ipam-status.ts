import { BlockList, isIPv6 } from 'node:net'
import type { NetworkStatus, SubnetStatus } from '@gantry/api'
import type { EndpointRecord, NetworkRecord } from '@gantry/network'

/** How full a network's subnets are; undefined for a network that gives out none. */
export function ipamStatus(network: NetworkRecord, endpoints: EndpointRecord[]): NetworkStatus | undefined {
  if (network.configOnly) return undefined
  const used = endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].flatMap((ip) => (ip ? [ip.address] : [])))
  const subnets = (network.ipam.Config ?? []).flatMap(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => {
    if (!Subnet) return []
    const taken = new Set([
      ...used,
      ...(Gateway ? [Gateway] : []),
      ...Object.values(AuxiliaryAddresses ?? {}),
    ])
    return [[Subnet, subnetStatus(Subnet, IPRange || Subnet, [...taken])] as const]
  })
  return subnets.length > 0 ? { IPAM: { Subnets: Object.fromEntries(subnets) } } : undefined
}

function subnetStatus(subnet: string, range: string, taken: string[]): SubnetStatus {
  // The network's own address is never given out, nor is IPv4's broadcast address.
  const reserved = isIPv6(addressOf(subnet)) ? 1 : 2
  const inRange = countIn(range, taken) + (range === subnet ? reserved : 0)
  return {
    IPsInUse: countIn(subnet, taken) + reserved,
    DynamicIPsAvailable: Math.max(0, sizeOf(range) - inRange),
  }
}

function countIn(subnet: string, addresses: string[]): number {
  const family = isIPv6(addressOf(subnet)) ? 'ipv6' : 'ipv4'
  const block = new BlockList()
  block.addSubnet(addressOf(subnet), prefixOf(subnet), family)
  return addresses.filter((address) => block.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')).length
}

/** An IPv6 subnet has more addresses than a JSON number counts; the largest safe one stands for them. */
function sizeOf(subnet: string): number {
  const bits = (isIPv6(addressOf(subnet)) ? 128 : 32) - prefixOf(subnet)
  return Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)
}

const addressOf = (subnet: string) => subnet.slice(0, subnet.indexOf('/'))
const prefixOf = (subnet: string) => Number(subnet.slice(subnet.indexOf('/') + 1))
