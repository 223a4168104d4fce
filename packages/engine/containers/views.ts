/** The parts that the list and the inspection of a container have in common. */
import type { EndpointSettings, MountPoint, PortMap, PortSummary } from '@gantry/api'
import type { Networks } from '@gantry/network'
import { endpointSettings } from './endpoints.ts'
import { parsePort } from './ports.ts'
import type { ContainerRecord, MountRecord } from './record.ts'

/** The mounts that a container was created with, as the API has them. */
export function mountPoints(record: ContainerRecord): MountPoint[] {
  return record.mounts.map(mountPoint)
}

function mountPoint(mount: MountRecord): MountPoint {
  return {
    Type: mount.type,
    ...(mount.type === 'volume' && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === 'volume' && { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.writable,
    Propagation: mount.propagation,
  }
}

/** Endpoints by the names of their networks. */
export function networkMap(record: ContainerRecord, networks: Networks): Record<string, EndpointSettings> {
  const endpoints = networks.sandbox(record.id)?.endpoints ?? {}
  const entries = Object.entries(record.endpoints).map(([reference, wish]) => {
    const network = networks.list().find(({ id, name }) => name === reference || id === reference)
    const endpoint = network && Object.values(endpoints).find(({ networkId }) => networkId === network.id)
    const networkId = record.started ? (network?.id ?? '') : ''
    return [network?.name ?? reference, endpointSettings(wish, networkId, endpoint)] as const
  })
  return Object.fromEntries(entries)
}

/** As they are bound now; nothing for a container that does not run. */
export function boundPorts(record: ContainerRecord, networks: Networks): PortMap {
  return networks.sandbox(record.id)?.ports ?? {}
}

/**
 * Ports as `ps` lists them: an entry for each address they are published at, one without for each that is only
 * exposed.
 */
export function portSummaries(ports: PortMap): PortSummary[] {
  return Object.entries(ports).flatMap(([port, bindings]): PortSummary[] => {
    const { first, protocol } = parsePort(port)
    if (!bindings?.length) return [{ PrivatePort: first, Type: protocol }]
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp ?? '',
      PrivatePort: first,
      PublicPort: Number(HostPort),
      Type: protocol,
    }))
  })
}
