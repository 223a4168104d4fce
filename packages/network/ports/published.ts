import type { PortMap } from '@gantry/api'
import type { TransportProtocol } from '@gantry/syscall'
import type { PublishRequest } from '../contracts.ts'

/** A port of the host that leads to a port of a container. */
export interface PublishedPort {
  protocol: TransportProtocol
  /** An address of the host; `0.0.0.0` or `::` for all of one family. */
  hostIp: string
  hostPort: number
  containerPort: number
}

/** The shape of NetworkSettings.Ports: what was bound, and null for what is only exposed. */
export function portMap(request: PublishRequest | undefined, published: readonly PublishedPort[]): PortMap {
  const map: PortMap = {}
  for (const exposed of request?.exposed ?? []) map[exposed.includes('/') ? exposed : `${exposed}/tcp`] = null
  for (const port of published) {
    const key = `${port.containerPort}/${port.protocol}`
    const bindings = map[key] ?? []
    bindings.push({ HostIp: port.hostIp, HostPort: String(port.hostPort) })
    map[key] = bindings
  }
  return map
}
