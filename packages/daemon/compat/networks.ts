/** Networks as older API versions show them. */
import type { NetworkInspect } from '@gantry/api'
import type { ApiVersion } from '../http/version.ts'

/** `GET /networks/{id}`. */
export function networkFor(version: ApiVersion, network: NetworkInspect): NetworkInspect {
  if (version >= 52) return network
  const shown = { ...network }
  delete shown.Status
  if (version < 48) delete shown.EnableIPv4
  return shown
}

/** One entry of `GET /networks`: since 1.28 without the containers that are on it. */
export function networkListItemFor(version: ApiVersion, network: NetworkInspect): NetworkInspect {
  const shown = { ...networkFor(version, network) }
  delete shown.Status
  if (version >= 52) delete shown.Containers
  else if (version >= 28) shown.Containers = {}
  return shown
}
