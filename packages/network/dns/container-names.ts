import { type NetworkNamespaces, Nftables } from '@gantry/syscall'
import type { EndpointRecord } from '../contracts.ts'
import { hasNames } from '../sandbox/endpoint.ts'
import type { ContainerNamespace } from '../sandbox/namespace.ts'
import type { LiveSandbox } from '../sandbox/sandboxes.ts'
import { Forwarder } from './forwarder.ts'
import { NameDirectory, type NamedEndpoint } from './names.ts'
import { type DnsPorts, redirectCommands } from './redirect.ts'
import { Resolver } from './resolver.ts'
import { DnsServer, openDnsSockets } from './server.ts'

/** Names of containers on user-defined networks, and the resolvers inside the containers that answer them. */
export class ContainerNames {
  readonly #namespaces: NetworkNamespaces
  readonly #log: (message: string) => void
  readonly #directory = new NameDirectory()
  readonly #servers = new Map<string, DnsServer>()

  constructor(namespaces: NetworkNamespaces, log: (message: string) => void) {
    this.#namespaces = namespaces
    this.#log = log
  }

  enter(endpoint: NamedEndpoint): void {
    this.#directory.add(endpoint)
  }

  leave(record: EndpointRecord): void {
    this.#directory.remove(record)
  }

  /**
   * Opens the resolver of a sandbox, unless it is open, and returns where it listens. Ports it had before are taken again
   * when they are free; then the namespace's redirection is as it should be already.
   */
  serve(live: LiveSandbox, namespace: ContainerNamespace): DnsPorts | undefined {
    const { containerId, path, dns, dnsPorts: before } = live.record
    if (path === null || this.#servers.has(containerId)) return before
    const sockets = namespace.enter(() => openDnsSockets(before))
    const forwarder = new Forwarder({
      namespaces: this.#namespaces,
      netns: path,
      servers: dns.servers,
      hostServers: dns.hostServers ?? false,
    })
    const resolver = new Resolver(this.#directory, clientOf(live), forwarder)
    this.#servers.set(containerId, new DnsServer(sockets, resolver, this.#log))
    if (before?.udp !== sockets.ports.udp || before.tcp !== sockets.ports.tcp)
      namespace.enter(() => {
        using nftables = new Nftables()
        nftables.run(redirectCommands(sockets.ports, before !== undefined))
      })
    return sockets.ports
  }

  stop(containerId: string): void {
    this.#servers.get(containerId)?.close()
    this.#servers.delete(containerId)
  }

  close(): void {
    for (const containerId of [...this.#servers.keys()]) this.stop(containerId)
  }
}

/** The sandbox as its resolver sees it: always as it is at the moment. */
const clientOf = (live: LiveSandbox) => ({
  endpoints: () =>
    live.attachments
      .filter(({ network }) => hasNames(network))
      .map(({ endpoint, network }) => ({ record: endpoint, networkName: network.name })),
  reachesOutside: () =>
    live.attachments.some(({ network }) => network.driver === 'bridge' && !network.internal),
})
