/** Containers as older API versions show them. */
import type { ContainerInspectResponse, ContainerSummary, EndpointSettings } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'

type Endpoints = Record<string, EndpointSettings>

/** `GET /containers/{id}/json`. */
export function inspectFor(version: ApiVersion, container: ContainerInspectResponse): object {
  if (version >= 52) return withoutMac(container)
  const networks = endpointsFor(version, container.NetworkSettings?.Networks ?? {}, container.Id ?? '')
  const { ImageManifestDescriptor, ...known } = container
  const inspected = {
    ...known,
    ...(version >= 48 && ImageManifestDescriptor && { ImageManifestDescriptor }),
    NetworkSettings: {
      ...legacyNetworkSettings(networks.bridge),
      ...container.NetworkSettings,
      Networks: networks,
    },
    Config: { OnBuild: null, ...container.Config },
  }
  if (version < 42)
    return { ...inspected, HostConfig: { KernelMemory: 0, KernelMemoryTCP: 0, ...container.HostConfig } }
  return inspected
}

/** Until 1.51 the configuration told the address of the main network, which is the endpoint's own now. */
function withoutMac(container: ContainerInspectResponse): object {
  if (!container.Config || !Object.hasOwn(container.Config, 'MacAddress')) return container
  const { MacAddress: _, ...config } = container.Config as Record<string, unknown>
  return { ...container, Config: config }
}

/** One entry of `GET /containers/json`. */
export function summaryFor(version: ApiVersion, container: ContainerSummary): ContainerSummary {
  if (version >= 48) return container
  const summary = { ...container }
  delete summary.ImageManifestDescriptor
  summary.NetworkSettings = {
    Networks: endpointsFor(version, container.NetworkSettings?.Networks ?? {}, ''),
  }
  if (version < 46) summary.HostConfig = { NetworkMode: container.HostConfig?.NetworkMode }
  return summary
}

/** Until 1.44 the short id counted among the aliases; it is left out for an empty `id`. */
function endpointsFor(version: ApiVersion, endpoints: Endpoints, id: string): Endpoints {
  if (version >= 48) return endpoints
  return Object.fromEntries(
    Object.entries(endpoints).map(([network, settings]) => {
      const endpoint = { ...settings }
      delete endpoint.GwPriority
      if (version < 44) delete endpoint.DNSNames
      const named = id !== '' && !['bridge', 'host', 'none'].includes(network)
      if (version < 45 && named)
        endpoint.Aliases = [...new Set([...(settings.Aliases ?? []), id.slice(0, 12)])]
      return [network, endpoint]
    }),
  )
}

/** What 1.51 and older say of the default network beside the map of all networks. */
function legacyNetworkSettings(bridge: EndpointSettings | undefined): object {
  return {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
  }
}
