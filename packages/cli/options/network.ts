/** `--network name` and `--network name=web,alias=www,ip=10.1.0.5`. */
import type { EndpointSettings } from '@gantry/api'
import { parseCsv } from './csv.ts'
import { parseGoInt } from './go-numbers.ts'

/** One network a container joins, as its `--network` says. */
export interface NetworkAttachment {
  target: string
  aliases: string[]
  links: string[]
  driverOptions: Record<string, string>
  linkLocalIps: string[]
  ip: string
  ip6: string
  macAddress: string
  gatewayPriority: number
}

/** An attachment to a network, by name or id, that leaves everything to the daemon. */
export function attachment(target: string): NetworkAttachment {
  return {
    target,
    aliases: [],
    links: [],
    driverOptions: {},
    linkLocalIps: [],
    ip: '',
    ip6: '',
    macAddress: '',
    gatewayPriority: 0,
  }
}

/** Reads one value of `--network`. Throws RangeError with Docker's words. */
export function parseNetwork(text: string): NetworkAttachment {
  if (!/\w+=\w+(,\w+=\w+)*/.test(text)) return attachment(text)
  const network = attachment('')
  for (const field of parseCsv(text)) {
    const [key, value] = splitField(field, `invalid field ${field}`)
    setField(network, key, value)
  }
  if (network.target === '') throw new RangeError('network name/id is not specified')
  return network
}

function setField(network: NetworkAttachment, key: string, value: string): void {
  if (key === 'name') network.target = value
  else if (key === 'alias') network.aliases.push(value)
  else if (key === 'ip') network.ip = value
  else if (key === 'ip6') network.ip6 = value
  else if (key === 'mac-address') network.macAddress = value
  else if (key === 'link-local-ip') network.linkLocalIps.push(value)
  else if (key === 'driver-opt') {
    const [name, setting] = splitField(value, 'invalid key value pair format in driver options')
    network.driverOptions[name] = setting
  } else if (key === 'gw-priority') network.gatewayPriority = parsePriority(value)
  else throw new RangeError(`invalid field key ${key}`)
}

/** Docker reads the fields in lower case. */
function splitField(field: string, problem: string): [key: string, value: string] {
  const equals = field.indexOf('=')
  if (equals <= 0) throw new RangeError(problem)
  const text = field.toLowerCase()
  return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
}

function parsePriority(text: string): number {
  try {
    return parseGoInt(text, 10)
  } catch (error) {
    const reason = (error as Error).message.split(': ').at(-1)
    throw new RangeError(`invalid gw-priority (${text}): ${reason}`)
  }
}

/** Whether a network mode names a network that a user made. */
export function isUserDefined(mode: string): boolean {
  return !['', 'default', 'bridge', 'host', 'none'].includes(mode) && !mode.startsWith('container:')
}

/** The endpoint of a network as the API wants it. */
export function endpointSettings(network: NetworkAttachment): EndpointSettings {
  if (network.target.trim() === '') throw new RangeError('no name set for network')
  if (!isUserDefined(network.target)) {
    const only = 'only supported for user-defined networks'
    if (network.aliases.length > 0) throw new RangeError(`network-scoped aliases are ${only}`)
    if (network.links.length > 0) throw new RangeError(`links are ${only}`)
  }
  if (network.macAddress !== '') checkMacAddress(network.macAddress)
  const { ip, ip6, linkLocalIps } = network
  return {
    ...(network.aliases.length > 0 && { Aliases: network.aliases }),
    ...(network.links.length > 0 && { Links: network.links }),
    ...(Object.keys(network.driverOptions).length > 0 && { DriverOpts: network.driverOptions }),
    ...((ip || ip6 || linkLocalIps.length > 0) && {
      IPAMConfig: {
        ...(ip && { IPv4Address: ip }),
        ...(ip6 && { IPv6Address: ip6 }),
        ...(linkLocalIps.length > 0 && { LinkLocalIPs: linkLocalIps }),
      },
    }),
    ...(network.macAddress && { MacAddress: network.macAddress }),
    ...(network.gatewayPriority !== 0 && { GwPriority: network.gatewayPriority }),
  }
}

/** Takes EUI-48, EUI-64 and 20-octet addresses with colons, hyphens or (in fours) dots. */
export function checkMacAddress(text: string): void {
  const octets = [6, 8, 20]
  const pairs = octets.some((count) =>
    new RegExp(`^[0-9a-f]{2}(([:-])[0-9a-f]{2})(\\2[0-9a-f]{2}|[:-][0-9a-f]{2}){${count - 2}}$`, 'i').test(
      text,
    ),
  )
  const fours = octets.some((count) =>
    new RegExp(`^[0-9a-f]{4}(\\.[0-9a-f]{4}){${count / 2 - 1}}$`, 'i').test(text),
  )
  const mixed = text.includes(':') && text.includes('-')
  if ((!pairs || mixed) && !fours) throw new RangeError(`${text} is not a valid mac address`)
}
