/** Configuration-only networks: nothing of the kernel's, only the settings of networks made from them. */
import { randomBytes } from 'node:crypto'
import { GantryError } from '@gantry/errors'
import type { NetworkCreate, NetworkRecord } from './contracts.ts'
import { parseSubnet } from './ipam/configuration.ts'

const refused = (message: string) => new GantryError('Forbidden', message)

/** The record of a configuration-only network. Throws Forbidden when it is to be made from another one, InvalidParameter for bad subnets. */
export function configOnlyNetwork(request: NetworkCreate): NetworkRecord {
  if (request.configFrom)
    throw refused('a configuration network cannot depend on another configuration network')
  const { ipam = {} } = request
  const config = (ipam.Config ?? []).filter((one) => Object.keys(one).length > 0)
  for (const one of config) parseSubnet(one)
  return {
    id: randomBytes(32).toString('hex'),
    name: request.name,
    driver: 'none',
    created: new Date().toISOString(),
    internal: false,
    attachable: false,
    enableIPv4: request.enableIPv4 ?? true,
    enableIPv6: request.enableIPv6 ?? false,
    ipam: { Driver: ipam.Driver || 'default', Options: ipam.Options ?? {}, Config: config },
    options: request.options ?? {},
    labels: request.labels ?? {},
    configOnly: true,
  }
}

/** The request with the settings of the configuration network that it names. Throws NotFound, and Forbidden for settings of its own beside them. */
export function withConfigFrom(request: NetworkCreate, networks: readonly NetworkRecord[]): NetworkCreate {
  if (!request.configFrom) return request
  const from = networks.find(({ name, configOnly }) => configOnly && name === request.configFrom)
  if (!from) throw new GantryError('NotFound', `configuration network "${request.configFrom}" does not exist`)
  if (hasSettings(request))
    throw refused(
      'user specified configurations are not supported if the network depends on a configuration network',
    )
  if (Object.keys(request.options ?? {}).length > 0)
    throw refused(
      'network driver options are not supported if the network depends on a configuration network',
    )
  const { enableIPv4, enableIPv6, ipam, options, labels } = from
  return { ...request, enableIPv4, enableIPv6, ipam, options, labels }
}

function hasSettings({ ipam = {}, enableIPv4 = true, enableIPv6, labels = {} }: NetworkCreate): boolean {
  const { Driver: driver = '', Config: config, Options: options } = ipam
  return (
    (driver !== '' && driver !== 'default') ||
    Object.keys(options ?? {}).length > 0 ||
    (config ?? []).some((one) => Object.keys(one).length > 0) ||
    Object.keys(labels).length > 0 ||
    enableIPv6 === true ||
    !enableIPv4
  )
}

/** Throws Forbidden while other networks have their settings from this one. */
export function checkNotConfigOfOthers(network: NetworkRecord, networks: readonly NetworkRecord[]): void {
  if (network.configOnly && networks.some(({ configFrom }) => configFrom === network.name))
    throw refused(`error while removing network: configuration network "${network.name}" is in use`)
}

/** Throws Forbidden for a network that containers cannot be on. */
export function checkConnectable({ configOnly }: NetworkRecord): void {
  if (configOnly) throw refused('cannot create endpoint on configuration-only network')
}
