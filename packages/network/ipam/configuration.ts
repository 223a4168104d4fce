/** The IPAM part of a network: checking what a user asked for, choosing what was left open. */
import type { IPAM, IPAMConfig } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { SubnetAllocator } from './allocator.ts'
import {
  type Address,
  blockOf,
  type Cidr,
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
} from './cidr.ts'
import { type AddressPool, chooseSubnet } from './pools.ts'

/** One subnet of a network, as numbers. */
export interface Subnet {
  subnet: Cidr
  range?: Cidr
  gateway?: Address
  auxiliary: Address[]
}

export interface IpamWishes {
  ipam: IPAM | undefined
  ipv4: boolean
  ipv6: boolean
  pools: readonly AddressPool[]
  /** Subnets of the other networks: overlapping them is refused. */
  networks: readonly Cidr[]
  /** Routes of the host: a chosen subnet avoids them, an explicit one need not. */
  routes: readonly Cidr[]
}

/** Completes and checks the IPAM configuration of a new network. Throws GantryError in Docker's words. */
export function planIpam(wishes: IpamWishes): IPAM {
  const driver = wishes.ipam?.Driver || 'default'
  if (driver !== 'default') throw new GantryError('NotFound', `plugin "${driver}" not found`)
  const asked = (wishes.ipam?.Config ?? []).filter((config) => Object.keys(config).length > 0)
  const subnets = asked.map(parseSubnet)
  const config: IPAMConfig[] = []
  if (wishes.ipv4) config.push(planFamily(asked, subnets, 32, wishes))
  if (wishes.ipv6) config.push(planFamily(asked, subnets, 128, wishes))
  return { Driver: driver, Options: wishes.ipam?.Options ?? {}, Config: config }
}

function planFamily(asked: IPAMConfig[], subnets: Subnet[], bits: 32 | 128, wishes: IpamWishes): IPAMConfig {
  const own = subnets.map((subnet, index) => ({ subnet, config: asked[index] as IPAMConfig }))
  const matching = own.filter(({ subnet }) => subnet.subnet.bits === bits)
  if (matching.length > 1) throw new GantryError('Forbidden', 'bridge driver doesnt support multiple subnets')
  const [found] = matching
  if (!found) {
    const subnet = chooseSubnet(wishes.pools, bits, [...wishes.networks, ...wishes.routes])
    return { Subnet: formatCidr(subnet), Gateway: formatAddress(firstHost(subnet)) }
  }
  if (wishes.networks.some((other) => overlaps(other, found.subnet.subnet)))
    throw new GantryError('Forbidden', 'Pool overlaps with other one on this address space')
  return found.config.Gateway
    ? found.config
    : { ...found.config, Gateway: formatAddress(freeGateway(found.subnet)) }
}

const firstHost = (subnet: Cidr): Address => ({ value: subnet.value + 1n, bits: subnet.bits })

/** The first address of the range or subnet that no auxiliary address has. */
function freeGateway(subnet: Subnet): Address {
  const allocator = new SubnetAllocator(subnet.subnet, subnet.range, subnet.auxiliary)
  const address = allocator.allocate()
  if (!address) throw new GantryError('InvalidParameter', 'no available addresses on this pool')
  return address
}

/** Throws GantryError InvalidParameter when the parts do not fit together. */
export function parseSubnet(config: IPAMConfig): Subnet {
  const text = config.Subnet ?? ''
  if (text === '') throw new GantryError('InvalidParameter', 'ipam configuration without a subnet')
  const given = readCidr('subnet', text)
  const subnet = blockOf(given)
  if (subnet.value !== given.value)
    throw new GantryError('InvalidParameter', `invalid subnet ${text}: it should be ${formatCidr(subnet)}`)
  const inside = (what: string, address: string): Address => {
    const parsed = readAddress(what, address)
    if (contains(subnet, parsed)) return parsed
    throw new GantryError(
      'InvalidParameter',
      `invalid ${what} ${address}: parent subnet ${text} doesn't contain this address`,
    )
  }
  return {
    subnet,
    range: config.IPRange ? readRange(config.IPRange, subnet) : undefined,
    gateway: config.Gateway ? inside('gateway', config.Gateway) : undefined,
    auxiliary: Object.values(config.AuxiliaryAddresses ?? {}).map((address) =>
      inside('auxiliary address', address),
    ),
  }
}

function readRange(text: string, subnet: Cidr): Cidr {
  const range = blockOf(readCidr('ip-range', text))
  if (contains(subnet, range) && range.prefix >= subnet.prefix) return range
  throw new GantryError(
    'InvalidParameter',
    `invalid ip-range ${text}: parent subnet ${formatCidr(subnet)} doesn't contain ip-range`,
  )
}

function readCidr(what: string, text: string): Cidr {
  try {
    return parseCidr(text)
  } catch (cause) {
    const message = `Invalid ${what} ${text} : invalid CIDR address: ${text}`
    throw new GantryError('InvalidParameter', message, { cause })
  }
}

function readAddress(what: string, text: string): Address {
  try {
    return parseAddress(text)
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid ${what} ${text}: not an IP address`, { cause })
  }
}
