/** The address ranges of a new network, put together from separate flags. */
import { BlockList, isIP } from 'node:net'

export interface IpamConfig {
  Subnet?: string
  IPRange?: string
  Gateway?: string
  AuxiliaryAddresses?: Record<string, string>
}

export interface IpamFlags {
  readonly subnets: readonly string[]
  readonly ranges: readonly string[]
  readonly gateways: readonly string[]
  /** Addresses that the network shall not give out, by name. */
  readonly auxiliary: Readonly<Record<string, string>>
}

/**
 * Gives each range, gateway and auxiliary address to the subnet that holds it. Throws when one has no subnet, when a
 * subnet would get two, and when subnets overlap, in Docker's words. Subnets the engine shall complain about are kept.
 */
export function ipamConfigs({ subnets, ranges, gateways, auxiliary }: IpamFlags): IpamConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new Error('every ip-range or gateway must have a corresponding subnet')
  }
  const configs = new Map<string, IpamConfig>()
  for (const subnet of subnets) {
    for (const other of configs.keys()) {
      if (holds(other, addressOf(subnet)) || holds(subnet, addressOf(other))) {
        throw new Error('multiple overlapping subnet configuration is not supported')
      }
    }
    configs.set(subnet, { Subnet: subnet })
  }
  const configFor = (address: string, what: string): IpamConfig => {
    const found = [...configs].find(([subnet]) => holds(subnet, address.split('/')[0] as string))
    if (!found) throw new Error(`no matching subnet for ${what} ${address}`)
    return found[1]
  }
  for (const range of ranges) {
    if (!isCidr(range)) throw new Error(`invalid CIDR address: ${range}`)
    const config = configFor(range, 'range')
    if (config.IPRange !== undefined) {
      throw new Error(
        'cannot configure multiple ranges (' +
          `${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      )
    }
    config.IPRange = range
  }
  for (const gateway of gateways) {
    const config = configFor(gateway, 'gateway')
    if (config.Gateway !== undefined) {
      throw new Error(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      )
    }
    config.Gateway = gateway
  }
  for (const [name, address] of Object.entries(auxiliary)) {
    const config = configFor(address, 'aux-address')
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address }
  }
  return [...configs.values()]
}

const addressOf = (cidr: string): string => cidr.split('/')[0] as string

function isCidr(text: string): boolean {
  const [address = '', length, rest] = text.split('/')
  const version = isIP(address)
  return (
    version !== 0 &&
    rest === undefined &&
    /^\d{1,3}$/.test(length ?? '') &&
    Number(length) <= (version === 4 ? 32 : 128)
  )
}

/** Whether the address lies in the subnet. What is no subnet holds nothing. */
function holds(subnet: string, address: string): boolean {
  const version = isIP(address)
  if (version === 0 || !isCidr(subnet) || isIP(addressOf(subnet)) !== version) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const block = new BlockList()
  block.addSubnet(addressOf(subnet), Number(subnet.split('/')[1]), family)
  return block.check(address, family)
}
