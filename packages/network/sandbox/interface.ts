import { randomBytes } from 'node:crypto'
import { hasCarrier, interfaceIndex, type Rtnetlink, SystemCallError } from '@gantry/syscall'
import { bridgeNameOf } from '../bridge/bridge.ts'
import { bridgeOptions } from '../bridge/options.ts'
import { writeSetting } from '../bridge/sysctl.ts'
import type { EndpointRecord, NetworkRecord } from '../contracts.ts'
import type { ContainerNamespace } from './namespace.ts'

const ENODEV = 19
const sysctlsOption = 'com.docker.network.endpoint.sysctls'

/** A name for the host's end of a veth pair, as Docker's look: `veth` and seven hexadecimal digits at random. */
export const newHostInterface = (): string => `veth${randomBytes(4).toString('hex').slice(0, 7)}`

/**
 * Makes a container's interface: a pair from the bridge into the namespace, with its addresses, up. Throws
 * SystemCallError; the pair may be there then, for the caller to take away.
 */
export function attachInterface(
  rtnetlink: Rtnetlink,
  namespace: ContainerNamespace,
  network: NetworkRecord,
  endpoint: EndpointRecord,
): void {
  const { hostInterface, interfaceName, macAddress } = endpoint
  if (!hostInterface || !interfaceName) throw new Error(`endpoint ${endpoint.id} has no interface`)
  const { mtu, interContainer } = bridgeOptions(network.options)
  const peer = { name: interfaceName, address: macAddress, mtu, netns: namespace.fd }
  rtnetlink.addVeth(hostInterface, { mtu }, peer)
  const hostIndex = indexOf(hostInterface)
  // The host's end only carries frames: no address, no neighbour discovery of its own.
  writeSetting(`ipv6/conf/${hostInterface}/disable_ipv6`, '1')
  rtnetlink.setLink(hostIndex, { master: indexOf(bridgeNameOf(network)), up: true })
  // Hairpin: where br_netfilter is on, a container's way to its own published port turns round on the bridge.
  rtnetlink.setPort(hostIndex, interContainer ? { hairpin: true } : { hairpin: true, isolated: true })
  addAddresses(namespace, endpoint, interfaceName)
  // Both ends are up: have the kernel see to it now, so that no first packet is lost.
  hasCarrier(hostInterface)
}

function addAddresses(namespace: ContainerNamespace, endpoint: EndpointRecord, name: string): void {
  const linkLocal = linkLocalAddresses(endpoint)
  const index = namespace.enter(() => {
    // Set while the link is down: no IPv6 but what the network gives, and nothing believed that a neighbour advertises.
    writeSetting(`ipv6/conf/${name}/accept_ra`, '0')
    if (endpoint.ipv6) writeSetting(`ipv6/conf/${name}/accept_dad`, '0')
    const hasIPv6 = endpoint.ipv6 || linkLocal.some(({ address }) => address.includes(':'))
    writeSetting(`ipv6/conf/${name}/disable_ipv6`, hasIPv6 ? '0' : '1')
    for (const [setting, value] of endpointSysctls(endpoint, name)) writeSetting(setting, value)
    return indexOf(name)
  })
  for (const assigned of [endpoint.ipv4, endpoint.ipv6, ...linkLocal])
    if (assigned) namespace.rtnetlink.addAddress({ index, ...assigned })
  namespace.rtnetlink.setLink(index, { up: true })
}

/** The user's own, with the prefixes of 169.254.0.0/16 and fe80::/64. */
function linkLocalAddresses({ settings }: EndpointRecord): { address: string; prefix: number }[] {
  const wanted = settings.IPAMConfig?.LinkLocalIPs ?? []
  return wanted.map((address) => ({ address, prefix: address.includes(':') ? 64 : 16 }))
}

/** `net.ipv4.conf.IFNAME.log_martians=1,…` of the endpoint's driver options. */
function endpointSysctls(endpoint: EndpointRecord, name: string): [string, string][] {
  const option = endpoint.settings.DriverOpts?.[sysctlsOption]
  return (option?.split(',') ?? []).flatMap((setting): [string, string][] => {
    const [, path, value] =
      /^net\.((?:ipv4|ipv6)\.(?:conf|neigh)\.IFNAME\.[a-z0-9_]+)=(.*)$/.exec(setting) ?? []
    return path && value !== undefined ? [[path.replace('IFNAME', name).replaceAll('.', '/'), value]] : []
  })
}

function indexOf(name: string): number {
  const index = interfaceIndex(name)
  if (index === undefined) throw new SystemCallError('if_nametoindex', ENODEV, name)
  return index
}

/** Where a namespace's default routes lead. */
export interface Gateways {
  ipv4?: EndpointRecord
  ipv6?: EndpointRecord
}

/** Makes default routes lead to these endpoints' gateways instead of those of `before`. */
export function setDefaultRoutes(namespace: ContainerNamespace, before: Gateways, gateways: Gateways): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const destination = family === 'ipv4' ? '0.0.0.0/0' : '::/0'
    const endpoint = gateways[family]
    if (before[family] === endpoint) continue
    // The link of the former gateway may be gone, and its route with it: look instead of remembering.
    const present = before[family] ? namespace.rtnetlink.routes() : []
    for (const route of present)
      if (route.destination === destination && route.gateway) namespace.rtnetlink.deleteRoute(route)
    const gateway = endpoint?.[family]?.gateway
    if (!endpoint?.interfaceName || !gateway) continue
    const index = namespace.indexOf(endpoint.interfaceName)
    namespace.rtnetlink.addRoute({ destination, gateway, index })
  }
}
