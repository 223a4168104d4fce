import type { EndpointRecord, NetworkRecord } from '../contracts.ts'

/** An endpoint with the network it is on. */
export interface Attachment {
  endpoint: EndpointRecord
  network: NetworkRecord
}

/**
 * Which of a container's endpoints leads outside, for each family: of those on networks that do, the one with the highest
 * priority, by the network's name among equals. Published ports lead to `ports`.
 */
export function chooseGateways(attachments: readonly Attachment[]): {
  ipv4?: EndpointRecord
  ipv6?: EndpointRecord
  ports?: EndpointRecord
} {
  const candidates = attachments
    .filter(({ network }) => network.driver === 'bridge' && !network.internal)
    .sort(
      (a, b) =>
        (b.endpoint.settings.GwPriority ?? 0) - (a.endpoint.settings.GwPriority ?? 0) ||
        (a.network.name < b.network.name ? -1 : 1),
    )
    .map(({ endpoint }) => endpoint)
  return {
    ipv4: candidates.find((endpoint) => endpoint.ipv4?.gateway),
    ipv6: candidates.find((endpoint) => endpoint.ipv6?.gateway),
    ports: candidates[0],
  }
}
