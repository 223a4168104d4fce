import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { EndpointSettings } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import { macBytes, macText } from '@gantry/syscall'
import { macFromIPv4 } from '../bridge/bridge.ts'
import { isInterfaceName } from '../bridge/options.ts'
import type { EndpointRecord, EndpointRequest, NetworkRecord } from '../contracts.ts'
import type { Assigned } from '../ipam/addresses.ts'
import { newHostInterface } from './interface.ts'

const nameOption = 'com.docker.network.endpoint.ifname'

/** Whether containers of this network find each other by name, through the resolver at 127.0.0.11. */
export function hasNames(network: NetworkRecord): boolean {
  return network.driver === 'bridge' && network.name !== 'bridge'
}

/** Refuses what the default networks do not offer, in Docker's words. Throws GantryError InvalidParameter. */
export function checkSettings(network: NetworkRecord, { settings }: EndpointRequest): void {
  checkAddresses(settings)
  const name = settings.DriverOpts?.[nameOption]
  if (name && !isInterfaceName(name))
    throw new GantryError('InvalidParameter', `invalid interface name: ${name}`)
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = settings.IPAMConfig ?? {}
  if ((ipv4 || ipv6) && hasNames(network) && network.ownSubnets)
    throw new GantryError(
      'InvalidParameter',
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    )
  if (hasNames(network)) {
    checkSixAddress(network, ipv6)
    return
  }
  if (ipv4 || ipv6)
    throw new GantryError(
      'InvalidParameter',
      'user specified IP address is supported on user defined networks only',
    )
  if (settings.Aliases?.length)
    throw new GantryError(
      'InvalidParameter',
      'network-scoped alias is supported only for containers in user defined networks',
    )
}

/** Whether the addresses that a user asks for are any, on whatever network. Throws GantryError InvalidParameter. */
export function checkAddresses({ MacAddress, IPAMConfig }: EndpointSettings): void {
  if (MacAddress) readMac(MacAddress)
  const { IPv4Address, IPv6Address, LinkLocalIPs } = IPAMConfig ?? {}
  const refused = (what: string) => new GantryError('InvalidParameter', `invalid ${what}`)
  if (IPv4Address && isIP(IPv4Address) !== 4) throw refused(`IPv4 address: ${IPv4Address}`)
  if (IPv6Address && isIP(IPv6Address) !== 6) throw refused(`IPv6 address: ${IPv6Address}`)
  for (const address of LinkLocalIPs ?? [])
    if (isIP(address) === 0) throw refused(`link-local IP address: ${address}`)
}

/** An address that no subnet of the network has room for would be dropped in silence. */
function checkSixAddress({ ipam }: NetworkRecord, address: string | undefined): void {
  if (!address || ipam.Config?.some(({ Subnet }) => Subnet?.includes(':'))) return
  const message = `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${address}`
  throw new GantryError('InvalidParameter', message)
}

/** The record of a new endpoint; `name` is that of its interface unless the user chose one. */
export function newEndpoint(
  network: NetworkRecord,
  request: EndpointRequest,
  assigned: { ipv4?: Assigned; ipv6?: Assigned },
  name: string,
): EndpointRecord {
  const base = {
    id: randomBytes(32).toString('hex'),
    networkId: network.id,
    containerId: request.containerId,
    containerName: request.containerName,
    names: hasNames(network) ? endpointNames(request) : [],
    settings: request.settings,
  }
  if (network.driver !== 'bridge') return base
  return {
    ...base,
    ...assigned,
    interfaceName: request.settings.DriverOpts?.[nameOption] || name,
    hostInterface: newHostInterface(),
    macAddress: chooseMac(request.settings.MacAddress, assigned.ipv4),
  }
}

/** Container name, aliases, short id, hostname; each once. */
function endpointNames(request: EndpointRequest): string[] {
  const { containerName, containerId, hostname, settings } = request
  return [
    ...new Set([containerName, ...(settings.Aliases ?? []), containerId.slice(0, 12), hostname]),
  ].filter((name) => name !== '')
}

function chooseMac(wanted: string | undefined, ipv4: Assigned | undefined): string {
  if (wanted) return macText(readMac(wanted))
  return ipv4 ? macFromIPv4(ipv4.address) : macText(Buffer.concat([Buffer.of(0x02, 0x42), randomBytes(4)]))
}

function readMac(text: string): Buffer {
  try {
    return macBytes(text)
  } catch (cause) {
    throw new GantryError('InvalidParameter', `invalid MAC address: ${text}`, { cause })
  }
}
