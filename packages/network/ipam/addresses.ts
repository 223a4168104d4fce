import { GantryError } from '@gantry/errors'
import type { EndpointRecord, NetworkRecord } from '../contracts.ts'
import { SubnetAllocator } from './allocator.ts'
import { type Address, formatAddress, parseAddress } from './cidr.ts'
import { parseSubnet, type Subnet } from './configuration.ts'

/** An endpoint's place in one family. */
export interface Assigned {
  address: string
  prefix: number
  gateway?: string
}

/** The subnets of a network; a bridge network has at most one of each family. */
export function subnetsOf(network: NetworkRecord): { ipv4?: Subnet; ipv6?: Subnet } {
  const subnets = (network.ipam.Config ?? []).map(parseSubnet)
  return {
    ipv4: subnets.find(({ subnet }) => subnet.bits === 32),
    ipv6: subnets.find(({ subnet }) => subnet.bits === 128),
  }
}

/** Hands out the addresses of all networks. Lives in memory; rebuilt from the records of networks and endpoints. */
export class Addresses {
  readonly #networks = new Map<string, { ipv4?: SubnetAllocator; ipv6?: SubnetAllocator }>()

  addNetwork(network: NetworkRecord): void {
    const { ipv4, ipv6 } = subnetsOf(network)
    this.#networks.set(network.id, {
      ipv4: ipv4 && allocatorOf(ipv4),
      ipv6: ipv6 && network.enableIPv6 ? allocatorOf(ipv6) : undefined,
    })
  }

  removeNetwork(networkId: string): void {
    this.#networks.delete(networkId)
  }

  /** Notes the addresses of an endpoint that was there before. */
  keep(endpoint: EndpointRecord): void {
    const allocators = this.#networks.get(endpoint.networkId)
    if (endpoint.ipv4) allocators?.ipv4?.take(parseAddress(endpoint.ipv4.address))
    if (endpoint.ipv6) allocators?.ipv6?.take(parseAddress(endpoint.ipv6.address))
  }

  /** Takes an address of each family the network has, the wanted ones where given. Throws GantryError; then takes none. */
  assign(
    network: NetworkRecord,
    wanted: { ipv4?: string; ipv6?: string },
  ): { ipv4?: Assigned; ipv6?: Assigned } {
    const allocators = this.#networks.get(network.id) ?? {}
    const { ipv4: subnet4, ipv6: subnet6 } = subnetsOf(network)
    const ipv4 = allocators.ipv4 && assignOne(network, allocators.ipv4, subnet4, wanted.ipv4, 'IPv4')
    try {
      const ipv6 = allocators.ipv6 && assignOne(network, allocators.ipv6, subnet6, wanted.ipv6, 'IPv6')
      return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) }
    } catch (error) {
      this.release(network.id, ipv4 ? { ipv4 } : {})
      throw error
    }
  }

  release(networkId: string, assigned: { ipv4?: Assigned; ipv6?: Assigned }): void {
    const allocators = this.#networks.get(networkId)
    if (assigned.ipv4) allocators?.ipv4?.release(parseAddress(assigned.ipv4.address))
    if (assigned.ipv6) allocators?.ipv6?.release(parseAddress(assigned.ipv6.address))
  }
}

function allocatorOf({ subnet, range, gateway, auxiliary }: Subnet): SubnetAllocator {
  return new SubnetAllocator(subnet, range, gateway ? [gateway, ...auxiliary] : auxiliary)
}

function assignOne(
  network: NetworkRecord,
  allocator: SubnetAllocator,
  subnet: Subnet | undefined,
  wanted: string | undefined,
  family: 'IPv4' | 'IPv6',
): Assigned {
  const address = wanted ? takeWanted(allocator, wanted) : allocator.allocate()
  if (!address)
    throw new GantryError(
      'System',
      `no available ${family} addresses on this network's address pools: ${network.name} (${network.id})`,
    )
  return {
    address: formatAddress(address),
    prefix: allocator.subnet.prefix,
    ...(subnet?.gateway && { gateway: formatAddress(subnet.gateway) }),
  }
}

function takeWanted(allocator: SubnetAllocator, wanted: string): Address {
  let address: Address
  try {
    address = parseAddress(wanted)
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid IP address: ${wanted}`, { cause })
  }
  const { subnet } = allocator
  if (address.bits !== subnet.bits || address.value >> shift(subnet) !== subnet.value >> shift(subnet))
    throw new GantryError(
      'InvalidParameter',
      `Invalid address ${wanted}: It does not belong to any of this network's subnets`,
    )
  if (!allocator.take(address)) throw new GantryError('Forbidden', 'Address already in use')
  return address
}

const shift = (subnet: { bits: number; prefix: number }): bigint => BigInt(subnet.bits - subnet.prefix)
