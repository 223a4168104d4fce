import type { EndpointSettings, Network as NetworkWire, PortMap } from '@gantry/api'

/** A network as it is kept: Docker's description of it, plus what the driver chose. */
export interface NetworkRecord {
  id: string
  name: string
  driver: 'bridge' | 'host' | 'none'
  created: string
  internal: boolean
  attachable: boolean
  enableIPv4: boolean
  enableIPv6: boolean
  ipam: NonNullable<NetworkWire['IPAM']>
  /** The subnets were not the user's choice, so nobody can count on an address in them. */
  ownSubnets?: boolean
  options: Record<string, string>
  labels: Record<string, string>
  /** Only settings for other networks: its `driver` is `none`, and no container can be on it. */
  configOnly?: true
  /** Name of the configuration-only network whose settings it was made with. */
  configFrom?: string
  /** The Linux bridge of a bridge network: `gantry0` for the default one, `br-<12 hex>` for others. */
  bridgeName?: string
  /** The bridge was there before the network: it is used as it is and left there. */
  bridgeForeign?: boolean
}

/** What a container asks of one network. */
export interface EndpointRequest {
  containerId: string
  containerName: string
  hostname: string
  /** User's wishes: fixed address, MAC, aliases, links, driver options. */
  settings: EndpointSettings
  /** Published and exposed ports; they are realised on the first bridge endpoint of the container (its gateway network). */
  ports?: PublishRequest
}

export interface PublishRequest {
  /** HostConfig.PortBindings: `80/tcp` → [{ HostIp, HostPort }]; an empty or zero port asks for a free one, a range is tried in order. */
  bindings: PortMap
  /** Config.ExposedPorts keys. */
  exposed: string[]
  /** HostConfig.PublishAllPorts. */
  publishAll: boolean
}

/** An address, interface and name that a container has on a network, as kept across daemon restarts. */
export interface EndpointRecord {
  id: string
  networkId: string
  containerId: string
  containerName: string
  /** Interface inside the container (`eth0`), and its peer on the host. */
  interfaceName?: string
  hostInterface?: string
  macAddress?: string
  /** Address/prefix, gateway. */
  ipv4?: { address: string; prefix: number; gateway?: string }
  ipv6?: { address: string; prefix: number; gateway?: string }
  /** Names that other containers of the network resolve: container name, short id, aliases. */
  names: string[]
  settings: EndpointSettings
}

/** A container's own network namespace (`/run/gantry/netns/<id>`) and all that is wired into it. */
export interface Sandbox {
  containerId: string
  /** To join by path in the OCI spec; null for host networking. */
  path: string | null
  /** By name of the network, as in NetworkSettings.Networks. */
  endpoints: Record<string, EndpointRecord>
  /** Ports as they were really bound, in the shape of NetworkSettings.Ports. */
  ports: PortMap
}

export interface SandboxRequest {
  containerId: string
  /** HostConfig.NetworkMode, already resolved: `bridge`, `host`, `none` or a network's id. `container:` never comes here. */
  mode: string
  /** By network id or name, in the order they become eth0, eth1, …; empty for host and none. */
  endpoints: { network: string; request: EndpointRequest }[]
  /** Resolvers to forward to (HostConfig.Dns or the daemon's or the host's), and the search/option lines. */
  dns: DnsOptions
  sysctls?: Record<string, string>
  /** Whose ports are open to this container, also on a network whose containers may not talk to each other. */
  links?: LinkedContainer[]
  /** Makes the namespace and mounts it on the new file `path`; without it, one that belongs to the host's user namespace. */
  makeNamespace?: (path: string) => void
}

export interface LinkedContainer {
  containerId: string
  /** `80/tcp`; a range is `80-90/tcp`. */
  ports: string[]
}

export interface DnsOptions {
  servers: string[]
  search: string[]
  options: string[]
  /** The servers are those of the host's own resolv.conf: a loopback address among them is the host's, not the container's. */
  hostServers?: boolean
}

/** Persistence, as `store`'s Table offers it. */
export interface RecordTable<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  delete(key: string): boolean
  values(): T[]
}

/** Tells the engine of what happened, so that it becomes an event. */
export type NetworkEventListener = (
  action: 'create' | 'destroy' | 'connect' | 'disconnect',
  network: NetworkRecord,
  containerId?: string,
) => void

/** Networks, and containers' places on them. Every method undoes its own half-made work when it fails. */
export interface Networks {
  /** Makes the predefined networks, restores bridges, nftables and DNS of sandboxes that outlived the last daemon. */
  restore(runningContainers: string[]): Promise<void>
  create(request: NetworkCreate): Promise<{ network: NetworkRecord; warning: string }>
  /** By full id, name, or unambiguous id prefix. Throws NotFound `network X not found`. */
  find(reference: string): NetworkRecord
  list(): NetworkRecord[]
  endpoints(networkId: string): EndpointRecord[]
  /** Throws Forbidden for a predefined network, Conflict-like Forbidden `… has active endpoints`. */
  remove(reference: string): Promise<void>
  /** Removes unused user networks, optionally only those the filter accepts; returns their names. */
  prune(accept: (network: NetworkRecord) => boolean): Promise<string[]>

  /** Makes the namespace and wires every endpoint. Called at container start. */
  createSandbox(request: SandboxRequest): Promise<Sandbox>
  /** Null when the container has none (not running, host mode of an older daemon…). */
  sandbox(containerId: string): Sandbox | null
  /** Unwires everything and removes the namespace. Idempotent; also finishes half-made sandboxes. */
  removeSandbox(containerId: string): Promise<void>
  /** Wires a running container to one more network. */
  connect(containerId: string, network: string, request: EndpointRequest): Promise<EndpointRecord>
  disconnect(containerId: string, network: string): Promise<void>
  /** Replaces the links of a container's sandbox, if it has one. */
  link(containerId: string, links: LinkedContainer[]): void
  renameContainer(containerId: string, name: string): void
  /**
   * Stops listening (DNS, reserved ports). Containers keep their connectivity; when there are none, bridges and firewall
   * rules go too, until the next `restore`.
   */
  close(): Promise<void>
}

export interface NetworkCreate {
  name: string
  driver?: string
  internal?: boolean
  attachable?: boolean
  enableIPv4?: boolean
  enableIPv6?: boolean
  ipam?: NetworkWire['IPAM']
  options?: Record<string, string>
  labels?: Record<string, string>
  configOnly?: boolean
  configFrom?: string
}
