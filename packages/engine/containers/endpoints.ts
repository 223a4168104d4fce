import type { EndpointSettings, HostConfig, NetworkingConfig } from '@gantry/api'
import type { EndpointRecord, Networks } from '@gantry/network'
import type { ContainerRecord } from './record.ts'
import { sharedContainer } from './validate-modes.ts'

/** The network that a mode stands for; null when the container uses another one's. */
export function networkOfMode(mode: string | undefined): string | null {
  if (sharedContainer(mode)) return null
  return !mode || mode === 'default' ? 'bridge' : mode
}

/**
 * The networks that a new container is to be on, its network mode's first, with the settings asked for.
 * A network that was named without being the mode's comes in addition.
 */
export function endpointsOf(
  host: HostConfig,
  networking: NetworkingConfig,
): Record<string, EndpointSettings> {
  const mode = networkOfMode(host.NetworkMode)
  if (mode === null) return {}
  const { default: byAlias, ...asked } = networking.EndpointsConfig ?? {}
  const first = asked[mode] ?? (mode === 'bridge' ? byAlias : undefined) ?? {}
  return { [mode]: first, ...asked }
}

/**
 * The networks of a running container by what it is wired to: a connect or disconnect that was interrupted is finished so.
 * Null when the record says the same.
 */
export function wiredEndpoints(
  { id, endpoints }: ContainerRecord,
  networks: Networks,
): Record<string, EndpointSettings> | null {
  const sandbox = networks.sandbox(id)
  if (!sandbox || sandbox.path === null) return null
  const known = new Map(
    networks.list().flatMap((one) => [[one.name, one.id] as const, [one.id, one.id] as const]),
  )
  const wired = new Set(Object.values(sandbox.endpoints).map(({ networkId }) => networkId))
  const kept = Object.entries(endpoints).filter(([key]) => wired.has(known.get(key) ?? ''))
  const recorded = new Set(kept.map(([key]) => known.get(key)))
  const added = Object.entries(sandbox.endpoints)
    .filter(([, { networkId }]) => !recorded.has(networkId))
    .map(([name, { settings }]) => [name, settings] as const)
  if (added.length === 0 && kept.length === Object.keys(endpoints).length) return null
  return Object.fromEntries([...kept, ...added])
}

/** An endpoint as the API shows it: the user's wishes, and what the container has while it runs. */
export function endpointSettings(
  wish: EndpointSettings,
  networkId: string,
  endpoint: EndpointRecord | undefined,
): EndpointSettings {
  const shown = {
    IPAMConfig: wish.IPAMConfig ?? null,
    Links: wish.Links ?? null,
    Aliases: wish.Aliases ?? null,
    DriverOpts: wish.DriverOpts ?? null,
    GwPriority: wish.GwPriority ?? 0,
    NetworkID: networkId,
    EndpointID: endpoint?.id ?? '',
    Gateway: endpoint?.ipv4?.gateway ?? '',
    IPAddress: endpoint?.ipv4?.address ?? '',
    MacAddress: endpoint?.macAddress ?? wish.MacAddress ?? '',
    IPPrefixLen: endpoint?.ipv4?.prefix ?? 0,
    IPv6Gateway: endpoint?.ipv6?.gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefix ?? 0,
    DNSNames: endpoint?.names ?? null,
  }
  return shown as EndpointSettings
}
