import { randomBytes } from 'node:crypto'
import { GantryError } from '@gantry/errors'
import { interfaceIndex, type Rtnetlink } from '@gantry/syscall'
import type { NetworkRecord } from './contracts.ts'
import { blockOf, type Cidr, formatAddress, formatCidr, parseCidr } from './ipam/cidr.ts'
import { type AddressPool, chooseSubnet } from './ipam/pools.ts'

/** The default network as the daemon's configuration wants it. */
export interface DefaultBridge {
  /** The Linux bridge (`--bridge`); `none` for no default network at all. */
  name: string
  /** Its address with the prefix (`--bip`), else what the bridge has already, else a free subnet of the pools. */
  bip?: string
  /** Narrower range for containers' addresses (`--fixed-cidr`). */
  fixedCidr?: string
  mtu?: number
  /** Whether containers on it may talk to each other (`--icc`). */
  interContainer?: boolean
  masquerade?: boolean
  /** Where ports without a host address are published (`--ip`). */
  hostBindingIPv4?: string
}

/** A network without anything of the kernel's: `host` and `none`. */
export function plainNetwork(name: 'host' | 'none'): NetworkRecord {
  return { ...commonFields(name), driver: name, ipam: { Driver: 'default', Config: [] }, options: {} }
}

/** The record of the network `bridge`. `previous` is the one it had: its subnet is kept unless the configuration says otherwise. */
export function defaultNetwork(
  wanted: DefaultBridge,
  previous: NetworkRecord | undefined,
  host: { rtnetlink: Rtnetlink; pools: readonly AddressPool[]; taken: readonly Cidr[] },
): NetworkRecord {
  const foreign = previous?.bridgeName === wanted.name ? previous.bridgeForeign : isThere(wanted.name)
  const kept = previous?.bridgeName === wanted.name ? previous.ipam.Config?.[0] : undefined
  const address =
    readBip(wanted.bip) ??
    (foreign ? addressOf(host.rtnetlink, wanted.name) : undefined) ??
    (kept ? gatewayOf(kept) : firstHost(chooseSubnet(host.pools, 32, host.taken)))
  return {
    ...commonFields('bridge'),
    ...(previous && { id: previous.id, created: previous.created }),
    driver: 'bridge',
    ipam: {
      Driver: 'default',
      Config: [
        {
          Subnet: formatCidr(blockOf(address)),
          ...(wanted.fixedCidr && { IPRange: wanted.fixedCidr }),
          Gateway: formatAddress(address),
        },
      ],
    },
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': String(wanted.interContainer ?? true),
      'com.docker.network.bridge.enable_ip_masquerade': String(wanted.masquerade ?? true),
      'com.docker.network.bridge.host_binding_ipv4': wanted.hostBindingIPv4 ?? '0.0.0.0',
      'com.docker.network.bridge.name': wanted.name,
      'com.docker.network.driver.mtu': String(wanted.mtu ?? 1500),
    },
    bridgeName: wanted.name,
    ...(foreign && { bridgeForeign: true }),
  }
}

function commonFields(name: string) {
  return {
    id: randomBytes(32).toString('hex'),
    name,
    created: new Date().toISOString(),
    internal: false,
    attachable: false,
    enableIPv4: true,
    enableIPv6: false,
    labels: {},
  }
}

const isThere = (name: string): boolean => interfaceIndex(name) !== undefined

function readBip(bip: string | undefined): Cidr | undefined {
  if (!bip) return undefined
  try {
    const cidr = parseCidr(bip)
    if (cidr.bits === 32 && cidr.value !== blockOf(cidr).value) return cidr
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid bip: ${bip}`, { cause })
  }
  throw new GantryError(
    'InvalidParameter',
    `invalid bip: ${bip} is not the address of a host with its prefix`,
  )
}

function addressOf(rtnetlink: Rtnetlink, name: string): Cidr | undefined {
  const index = interfaceIndex(name)
  const found = rtnetlink
    .addresses()
    .find((address) => address.index === index && !address.address.includes(':'))
  return found && parseCidr(`${found.address}/${found.prefix}`)
}

function gatewayOf(config: { Subnet?: string; Gateway?: string }): Cidr {
  const subnet = parseCidr(config.Subnet ?? '')
  return config.Gateway ? parseCidr(`${config.Gateway}/${subnet.prefix}`) : firstHost(subnet)
}

const firstHost = (subnet: Cidr): Cidr => ({ ...subnet, value: subnet.value + 1n })
