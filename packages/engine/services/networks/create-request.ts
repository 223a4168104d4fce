import type { Operations } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { NetworkCreate } from '@gantry/network'

type Body = Operations['NetworkCreate']['body']

/** What the body of `POST /networks/create` asks of `Networks`. Throws for what only a swarm can do, and for fields that contradict each other. */
export function toNetworkCreate(request: Body): NetworkCreate {
  checkScope(request)
  return {
    name: request.Name,
    options: request.Options ?? {},
    labels: request.Labels ?? {},
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    enableIPv4: request.EnableIPv4 ?? true,
    enableIPv6: request.EnableIPv6 ?? false,
    ...(request.Driver && { driver: request.Driver }),
    ...(request.IPAM && { ipam: request.IPAM }),
    ...(request.ConfigOnly && { configOnly: true }),
    ...(request.ConfigFrom?.Network && { configFrom: request.ConfigFrom.Network }),
  }
}

function checkScope({ Driver, Scope, Ingress, Internal, Attachable, ConfigOnly }: Body): void {
  const ofSwarm = Boolean(Scope && Scope !== 'local') || Ingress
  if (ConfigOnly && (ofSwarm || Internal || Attachable))
    throw new GantryError(
      'Forbidden',
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    )
  if (!ConfigOnly && (ofSwarm || Driver === 'overlay'))
    throw new GantryError(
      'Unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    )
}
