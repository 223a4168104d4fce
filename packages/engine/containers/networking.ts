import { hostname } from 'node:os'
import type { EndpointSettings } from '@gantry/api'
import { GantryError } from '@gantry/errors'
import type { EndpointRequest, SandboxRequest } from '@gantry/network'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { networkOfMode } from './endpoints.ts'
import { openPorts } from './links.ts'
import type { NetworkFiles } from './network-files.ts'
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

type MakeNamespace = SandboxRequest['makeNamespace']

/** Docker's own names for networks that are no bridge. */
const unwired = ['host', 'none']

/** Gives a starting container its network namespace. */
export class NetworkPlacer {
  readonly #deps: ContainerDependencies
  readonly #registry: Registry
  readonly #files: NetworkFiles

  constructor(deps: ContainerDependencies, registry: Registry, files: NetworkFiles) {
    this.#deps = deps
    this.#registry = registry
    this.#files = files
  }

  /** Undone by `Networks.removeSandbox`. */
  async place(container: Container, makeNamespace?: MakeNamespace): Promise<NetworkPlace> {
    const shared = sharedContainer(container.record.hostConfig.NetworkMode)
    return shared
      ? this.#share(this.#registry.find(shared), container)
      : await this.#wire(container, makeNamespace)
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

  async #wire(container: Container, makeNamespace?: MakeNamespace): Promise<NetworkPlace> {
    const { config, hostConfig } = container.record
    const request = this.#request(container)
    const sandbox = await this.#deps.networks.createSandbox({
      ...request,
      ...(makeNamespace && { makeNamespace }),
    })
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
    for (const one of unwired) refuseAddresses(endpoints[one])
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
      dns: this.#files.dns(container),
      links: openPorts(container, this.#registry),
      ...(hostConfig.Sysctls && { sysctls: netSysctls(hostConfig.Sysctls) }),
    }
  }
}

/** Of a network that gives out none. Throws InvalidParameter. */
function refuseAddresses(settings: EndpointSettings | undefined): void {
  const { IPv4Address, IPv6Address } = settings?.IPAMConfig ?? {}
  if (!IPv4Address && !IPv6Address) return
  const message = 'user specified IP address is supported on user defined networks only'
  throw new GantryError('InvalidParameter', message)
}

function netSysctls(sysctls: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(sysctls).filter(([name]) => name.startsWith('net.')))
}
