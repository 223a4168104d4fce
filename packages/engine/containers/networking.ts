import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { GantryError } from '@gantry/errors'
import {
  type DnsOptions,
  type EndpointRecord,
  type EndpointRequest,
  hasNames,
  hostsFile,
  internalResolvConf,
  reachableServers,
  resolvConf,
  type SandboxRequest,
} from '@gantry/network'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { networkOfMode } from './endpoints.ts'
import { resolveLinks } from './links.ts'
import { type ContainerFiles, containerFiles } from './paths.ts'
import type { Registry } from './registry.ts'
import { sharedContainer } from './validate-modes.ts'

/** A container's place on the network, ready for its process. */
export interface NetworkPlace {
  /** Path of the namespace to join, or `host`. */
  namespace: string
  hostname: string
  domainname: string
}

export interface NetworkFileContents {
  hosts: string
  hostname: string
  resolvConf: string
}

/** Docker's own names for networks that are no bridge. */
const unwired = ['host', 'none']

/** Gives a starting container its network namespace and the files that tell of it: hosts, hostname, resolv.conf. */
export class NetworkPlacer {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry

  constructor(deps: ContainerDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** Undone by `Networks.removeSandbox`. */
  async place(container: Container): Promise<NetworkPlace> {
    const shared = sharedContainer(container.record.hostConfig.NetworkMode)
    return shared ? this.#share(this.#registry.find(shared), container) : await this.#wire(container)
  }

  /** Files that a container shows at /etc/hosts, /etc/hostname and /etc/resolv.conf: its own, or its network donor's. */
  files(container: Container): ContainerFiles {
    const shared = sharedContainer(container.record.hostConfig.NetworkMode)
    if (shared) return this.files(this.#registry.find(shared))
    return containerFiles(this.#deps.paths.containers, container.id)
  }

  #share(donor: Container, container: Container): NetworkPlace {
    if (!donor.task) {
      throw new GantryError('Conflict', `cannot join network of a non running container: ${donor.id}`)
    }
    const { Hostname = '', Domainname = '' } = donor.record.config
    const { Hostname: own } = container.record.config
    return {
      namespace: `/proc/${donor.task.pid}/ns/net`,
      hostname: own === container.id.slice(0, 12) ? Hostname : (own ?? ''),
      domainname: Domainname,
    }
  }

  async #wire(container: Container): Promise<NetworkPlace> {
    const { config, hostConfig } = container.record
    const sandbox = await this.#deps.networks.createSandbox(this.#request(container))
    const isHost = sandbox.path === null
    return {
      namespace: sandbox.path ?? 'host',
      hostname: config.Hostname || (isHost ? hostname() : container.id.slice(0, 12)),
      domainname: hostConfig.UTSMode === 'host' ? '' : (config.Domainname ?? ''),
    }
  }

  #request(container: Container): SandboxRequest {
    const { config, hostConfig, endpoints, name, id } = container.record
    const mode = config.NetworkDisabled ? 'none' : (networkOfMode(hostConfig.NetworkMode) as string)
    const wired = unwired.includes(mode) ? [] : Object.entries(endpoints)
    const ports = {
      bindings: hostConfig.PortBindings ?? {},
      exposed: Object.keys(config.ExposedPorts ?? {}),
      publishAll: hostConfig.PublishAllPorts ?? false,
    }
    return {
      containerId: id,
      mode,
      endpoints: wired.map(([network, settings]): SandboxRequest['endpoints'][number] => {
        const request: EndpointRequest = {
          containerId: id,
          containerName: name,
          hostname: config.Hostname ?? '',
          settings,
          ports,
        }
        return { network, request }
      }),
      dns: this.#dns(container),
      ...(hostConfig.Sysctls && { sysctls: netSysctls(hostConfig.Sysctls) }),
    }
  }

  #dns(container: Container): DnsOptions {
    const { Dns, DnsSearch, DnsOptions: options } = container.record.hostConfig
    const { dns } = this.#deps
    return {
      ...(Dns?.length ? { servers: Dns } : { servers: dns.servers, hostServers: dns.hostServers ?? false }),
      search: DnsSearch?.length ? DnsSearch.filter((domain) => domain !== '.') : dns.search,
      options: options?.length ? options : dns.options,
    }
  }

  /** What to write into the files of a container that has just been wired; null when they are its donor's. */
  async contents(container: Container, place: NetworkPlace): Promise<NetworkFileContents | null> {
    const { hostConfig } = container.record
    if (sharedContainer(hostConfig.NetworkMode)) return null
    const sandbox = this.#deps.networks.sandbox(container.id)
    if (place.namespace === 'host') return await this.#hostContents(container, place)
    const endpoints = Object.values(sandbox?.endpoints ?? {})
    const gateways = endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4?.gateway, ipv6?.gateway])
    return {
      hosts: hostsFile({
        hostname: place.hostname,
        domainname: place.domainname,
        addresses: endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4?.address, ipv6?.address]).filter(isText),
        extraHosts: hostConfig.ExtraHosts ?? [],
        hostGateway: gateways.filter(isText).slice(0, 1),
        links: this.#links(container),
      }),
      hostname: `${place.hostname}\n`,
      resolvConf: this.#resolvConf(container, endpoints),
    }
  }

  /** On the host's network, the host's files count, with what the user adds. */
  async #hostContents(container: Container, place: NetworkPlace): Promise<NetworkFileContents> {
    const { Dns, ExtraHosts } = container.record.hostConfig
    const extra = (ExtraHosts ?? []).map((entry) => {
      const at = entry.search(/[:=]/)
      const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1')
      return `${address === 'host-gateway' ? '127.0.0.1' : address}\t${entry.slice(0, at)}\n`
    })
    return {
      hosts: `${await readHost('/etc/hosts')}${extra.join('')}`,
      hostname: `${place.hostname}\n`,
      resolvConf: Dns?.length ? resolvConf(this.#dns(container)) : await readHost('/etc/resolv.conf'),
    }
  }

  /** Where containers have names, the resolver inside the namespace knows them; elsewhere the host's are asked. */
  #resolvConf(container: Container, endpoints: EndpointRecord[]): string {
    const dns = this.#dns(container)
    const named = endpoints.some(({ networkId }) => hasNames(this.#deps.networks.find(networkId)))
    if (named) return internalResolvConf(dns)
    const hasIPv6 = endpoints.some(({ ipv6 }) => ipv6 !== undefined)
    return resolvConf({
      ...dns,
      servers: dns.hostServers ? reachableServers(dns.servers, hasIPv6) : dns.servers,
    })
  }

  /** Names that `--link` gives. Throws InvalidParameter for a container that does not run. */
  #links(container: Container): { address: string; names: string[] }[] {
    return resolveLinks(container.record.hostConfig.Links ?? [], this.#registry).map(({ alias, target }) => {
      const [endpoint] = Object.values(this.#deps.networks.sandbox(target.id)?.endpoints ?? {})
      if (!endpoint?.ipv4) {
        throw new GantryError(
          'InvalidParameter',
          `Cannot link to a non running container: /${target.record.name} AS /${container.record.name}/${alias}`,
        )
      }
      const names = [...new Set([alias, target.id.slice(0, 12), target.record.name])]
      return { address: endpoint.ipv4.address, names }
    })
  }
}

const isText = (text: string | undefined): text is string => text !== undefined

function netSysctls(sysctls: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(sysctls).filter(([name]) => name.startsWith('net.')))
}

async function readHost(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}
