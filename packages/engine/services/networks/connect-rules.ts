import type { EndpointSettings } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { NetworkRecord } from '@gantry/network'
import type { NetworkedContainer } from './containers.ts'
import { predefined } from './wire.ts'

const refused = (message: string) => new GantryError('InvalidParameter', message)

/** Throws InvalidParameter unless the container may be on this network besides those it is on, Forbidden when none may be. */
export function checkConnect(
  container: NetworkedContainer,
  current: NetworkRecord[],
  network: NetworkRecord,
): void {
  if (container.networkMode.startsWith('container:')) throw refused(sharedNamespace)
  if (network.configOnly)
    throw new GantryError('Forbidden', 'cannot create endpoint on configuration-only network')
  const together = [...current, network]
  if (together.length > 1 && together.some(({ driver }) => driver === 'host')) throw refused(sharedNamespace)
  if (together.length > 1 && together.some(({ driver }) => driver === 'none'))
    throw refused(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    )
}

const sharedNamespace =
  'container sharing network namespace with another container or host cannot be connected to any other network'

/** Throws InvalidParameter for settings that a network of this kind does not have. */
export function checkSettings(network: NetworkRecord, settings: EndpointSettings): void {
  const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {}
  if (predefined.includes(network.name)) {
    if (IPv4Address || IPv6Address)
      throw refused('user specified IP address is supported on user defined networks only')
    if (settings.Aliases?.length)
      throw refused('network-scoped alias is supported only for containers in user defined networks')
  } else if ((IPv4Address || IPv6Address) && network.ownSubnets)
    throw refused(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    )
}

/** Throws InvalidParameter when the container lives on the host's network. */
export function checkDisconnect(container: NetworkedContainer, network: NetworkRecord): void {
  if (container.networkMode === 'host' && network.driver === 'host')
    throw refused('container cannot be disconnected from host network or connected to host network')
}
