import type { Operations } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { NetworkCreate } from '@gantry/network'

const noSwarm =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'

/** What the body of `POST /networks/create` asks of `Networks`. Throws for what only a swarm, or nobody yet, can do. */
export function toNetworkCreate(request: Operations['NetworkCreate']['body']): NetworkCreate {
  if (request.Driver === 'overlay' || (request.Scope && request.Scope !== 'local') || request.Ingress)
    throw new GantryError('Unavailable', noSwarm)
  if (request.ConfigOnly || request.ConfigFrom?.Network)
    throw new GantryError('NotImplemented', 'configuration-only networks are not supported')
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
  }
}
