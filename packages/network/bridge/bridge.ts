import { interfaceIndex, ipBytes, macText, type Rtnetlink, SystemCallError } from '@gantry/syscall'
import type { NetworkRecord } from '../contracts.ts'
import { subnetsOf } from '../ipam/addresses.ts'
import { formatAddress } from '../ipam/cidr.ts'
import type { Subnet } from '../ipam/configuration.ts'
import { bridgeOptions } from './options.ts'
import { writeSetting } from './sysctl.ts'

/**
 * Makes the Linux bridge of a network, or brings the one that is there into shape: addresses, MTU, settings, up.
 * Throws SystemCallError; a bridge it had just made is gone then.
 */
export function ensureBridge(rtnetlink: Rtnetlink, network: NetworkRecord): void {
  const name = bridgeNameOf(network)
  const made = interfaceIndex(name) === undefined
  if (made)
    rtnetlink.addBridge(name, { address: bridgeMac(network), mtu: bridgeOptions(network.options).mtu })
  try {
    configure(rtnetlink, network, name)
  } catch (error) {
    if (made) rtnetlink.deleteLink(name)
    throw error
  }
}

function configure(rtnetlink: Rtnetlink, network: NetworkRecord, name: string): void {
  const index = interfaceIndex(name)
  if (index === undefined) throw new SystemCallError('netlink', 19, `bridge ${name}`)
  // Published ports are reached from the host's own localhost; the table's guard chain keeps that from everybody else.
  writeSetting(`ipv4/conf/${name}/route_localnet`, '1')
  writeSetting(`ipv6/conf/${name}/accept_ra`, '0')
  // Link-local addresses work at once: nobody else can have one that is made from our own MAC address.
  writeSetting(`ipv6/conf/${name}/accept_dad`, '0')
  writeSetting(`ipv6/conf/${name}/disable_ipv6`, network.enableIPv6 ? '0' : '1')
  if (!bridgeOptions(network.options).interContainer) answerForNeighbours(name)
  const present = rtnetlink.addresses().filter((address) => address.index === index)
  const { ipv4, ipv6 } = subnetsOf(network)
  for (const subnet of [ipv4, network.enableIPv6 ? ipv6 : undefined]) {
    const wanted = subnet && gatewayAddress(subnet)
    if (wanted && !present.some(({ address }) => address === wanted.address))
      rtnetlink.addAddress({ index, ...wanted })
  }
  rtnetlink.setLink(index, { up: true })
}

/**
 * Isolated ports exchange nothing with each other. What links open between containers goes by way of the host: it
 * answers when one asks for another's hardware address, and the firewall decides.
 */
function answerForNeighbours(name: string): void {
  writeSetting(`ipv4/conf/${name}/proxy_arp_pvlan`, '1')
  writeSetting(`ipv4/neigh/${name}/proxy_delay`, '0')
  writeSetting(`ipv4/conf/${name}/send_redirects`, '0')
}

function gatewayAddress({ gateway, subnet }: Subnet): { address: string; prefix: number } | undefined {
  return gateway && { address: formatAddress(gateway), prefix: subnet.prefix }
}

/** A bridge without an address of its own takes that of a port, and changes it as ports come and go. */
function bridgeMac(network: NetworkRecord): string | undefined {
  const { ipv4 } = subnetsOf(network)
  return ipv4?.gateway && macFromIPv4(formatAddress(ipv4.gateway))
}

/** Docker's rule: `172.17.0.2` → `02:42:ac:11:00:02`. */
export const macFromIPv4 = (address: string): string =>
  macText(Uint8Array.of(0x02, 0x42, ...ipBytes(address)))

/** The Linux bridge of a bridge network. Throws for a network that has none. */
export function bridgeNameOf(network: NetworkRecord): string {
  if (!network.bridgeName) throw new Error(`network ${network.name} has no bridge`)
  return network.bridgeName
}
