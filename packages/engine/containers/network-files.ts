import { readFile, stat, writeFile } from 'node:fs/promises'
import { messageOf } from '@gantry/errors'
import {
  type DnsOptions,
  type EndpointRecord,
  hasNames,
  hostsFile,
  internalResolvConf,
  ownHostsLines,
  reachableServers,
  resolvConf,
  withHostsLines,
  withHostsLink,
  withOwnHostsLines,
  withoutHostsLines,
} from '@gantry/network'
import type { Container } from './container.ts'
import type { ContainerDependencies } from './dependencies.ts'
import { hostsNames, type LiveLink, presentLinks } from './links.ts'
import { Lock } from './lock.ts'
import type { NetworkPlace } from './networking.ts'
import { containerFiles } from './paths.ts'
import type { Registry } from './registry.ts'
import { sharedContainer } from './validate-modes.ts'

type FilesDependencies = Pick<ContainerDependencies, 'networks' | 'dns' | 'hostGateway' | 'paths' | 'log'>

/** Bytes of a file that we still change while its container runs: it can write there too. */
const longest = 1 << 20

/**
 * The files that tell a container of its network: hosts, hostname, resolv.conf. They are written at each start; while it
 * runs, only the lines that a change concerns are changed, in place, since they are mounted into the container.
 */
export class NetworkFiles {
  readonly #deps: FilesDependencies
  readonly #registry: Registry
  readonly #locks = new WeakMap<Container, Lock>()

  constructor(deps: FilesDependencies, registry: Registry) {
    this.#deps = deps
    this.#registry = registry
  }

  /** Writes the files of a container that has just been wired; nothing when they are those of another container. */
  async write(container: Container, place: NetworkPlace, links: readonly LiveLink[]): Promise<void> {
    if (sharedContainer(container.record.hostConfig.NetworkMode)) return
    const paths = this.#paths(container)
    const isHost = place.namespace === 'host'
    await Promise.all([
      writeFile(paths.hosts, isHost ? await hostHosts(container) : this.#hosts(container, place, links)),
      writeFile(paths.hostname, `${place.hostname}\n`),
      writeFile(paths.resolvConf, await this.#resolvConfAtStart(container, isHost)),
    ])
  }

  /** It has one more address, and by it perhaps the resolver inside its namespace. */
  async connected(container: Container, endpoint: EndpointRecord): Promise<void> {
    await this.#edit(container, 'hosts', (text) =>
      withHostsLines(text, ownHostsLines(this.#ownNames(container, [endpoint]))),
    )
    const after = this.#endpoints(container)
    const before = after.filter(({ id }) => id !== endpoint.id)
    const [written, wanted] = [before, after].map((endpoints) => this.#resolvConf(container, endpoints))
    // What the container has made of it is its own business.
    await this.#edit(container, 'resolvConf', (text) => (text === written ? (wanted as string) : text))
  }

  /** After a daemon that died while it connected or disconnected: the addresses are those that it has. */
  async recovered(container: Container): Promise<void> {
    const { ExtraHosts } = container.record.hostConfig
    const own = { ...this.#ownNames(container, this.#endpoints(container)), extraHosts: ExtraHosts ?? [] }
    await this.#edit(container, 'hosts', (text) => withOwnHostsLines(text, own))
  }

  async disconnected(container: Container, endpoint: EndpointRecord): Promise<void> {
    await this.#edit(container, 'hosts', (text) =>
      withoutHostsLines(text, ownHostsLines(this.#ownNames(container, [endpoint]))),
    )
  }

  /** It has started, perhaps with another address: containers that have links to it are told. */
  async targetStarted(target: Container): Promise<void> {
    const parents = this.#registry
      .all()
      .filter(({ record, task }) => task && record.links?.some((link) => link.target === target.id))
    for (const parent of parents)
      for (const link of presentLinks(parent, this.#registry, this.#deps.networks))
        if (link.target === target)
          await this.#edit(parent, 'hosts', (text) => withHostsLink(text, hostsNames(link), link.address))
  }

  /** A link was removed. */
  async unlinked(container: Container, link: LiveLink): Promise<void> {
    await this.#edit(container, 'hosts', (text) => withHostsLink(text, hostsNames(link), null))
  }

  /** Resolvers, search domains and options that count for a container. */
  dns(container: Container): DnsOptions {
    const { Dns, DnsSearch, DnsOptions: options } = container.record.hostConfig
    const { dns } = this.#deps
    return {
      ...(Dns?.length ? { servers: Dns } : { servers: dns.servers, hostServers: dns.hostServers ?? false }),
      search: DnsSearch?.length ? DnsSearch.filter((domain) => domain !== '.') : dns.search,
      options: options?.length ? options : dns.options,
    }
  }

  /** A file that cannot be changed is no reason to fail: the network is as it was asked for. */
  async #edit(
    container: Container,
    file: 'hosts' | 'resolvConf',
    change: (text: string) => string,
  ): Promise<void> {
    if (!container.task || sharedContainer(container.record.hostConfig.NetworkMode)) return
    const path = this.#paths(container)[file]
    const lock = this.#locks.get(container) ?? new Lock()
    this.#locks.set(container, lock)
    try {
      await lock.run(async () => {
        if ((await stat(path)).size > longest) return
        const text = await readFile(path, 'utf8')
        const changed = change(text)
        if (changed !== text) await writeFile(path, changed)
      })
    } catch (error) {
      this.#deps.log('warn', `container ${container.id}: ${file}: ${messageOf(error)}`)
    }
  }

  #paths(container: Container) {
    return containerFiles(this.#deps.paths.containers, container.id)
  }

  #endpoints(container: Container): EndpointRecord[] {
    return Object.values(this.#deps.networks.sandbox(container.id)?.endpoints ?? {})
  }

  #ownNames(container: Container, endpoints: readonly EndpointRecord[]) {
    const { config, hostConfig } = container.record
    return {
      hostname: config.Hostname || container.id.slice(0, 12),
      domainname: hostConfig.UTSMode === 'host' ? '' : (config.Domainname ?? ''),
      addresses: endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4?.address, ipv6?.address]).filter(isText),
    }
  }

  #hosts(container: Container, place: NetworkPlace, links: readonly LiveLink[]): string {
    const endpoints = this.#endpoints(container)
    return hostsFile({
      ...this.#ownNames(container, endpoints),
      hostname: place.hostname,
      domainname: place.domainname,
      extraHosts: container.record.hostConfig.ExtraHosts ?? [],
      hostGateway: this.#hostGateway(endpoints),
      links: links.map((link) => ({ address: link.address, names: hostsNames(link) })),
    })
  }

  /** Where `host-gateway` leads: what the daemon's configuration says, else the container's way out, else the default bridge. */
  #hostGateway(endpoints: readonly EndpointRecord[]): string[] {
    const { hostGateway, networks } = this.#deps
    if (hostGateway.length > 0) return hostGateway
    const own = endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4?.gateway, ipv6?.gateway])
    const bridge = networks.list().find(({ name }) => name === 'bridge')
    return [...own, bridge?.ipam.Config?.[0]?.Gateway].filter(isText).slice(0, 1)
  }

  async #resolvConfAtStart(container: Container, isHost: boolean): Promise<string> {
    if (!isHost) return this.#resolvConf(container, this.#endpoints(container))
    const { Dns } = container.record.hostConfig
    return Dns?.length ? resolvConf(this.dns(container)) : await readHost('/etc/resolv.conf')
  }

  /** Where containers have names, the resolver inside the namespace knows them; elsewhere the host's are asked. */
  #resolvConf(container: Container, endpoints: readonly EndpointRecord[]): string {
    const dns = this.dns(container)
    const named = endpoints.some(({ networkId }) => hasNames(this.#deps.networks.find(networkId)))
    if (named) return internalResolvConf(dns)
    const hasIPv6 = endpoints.some(({ ipv6 }) => ipv6 !== undefined)
    return resolvConf({
      ...dns,
      servers: dns.hostServers ? reachableServers(dns.servers, hasIPv6) : dns.servers,
    })
  }
}

/** On the host's network, the host's file counts, with what the user adds. */
async function hostHosts(container: Container): Promise<string> {
  const extra = (container.record.hostConfig.ExtraHosts ?? []).map((entry) => {
    const at = entry.search(/[:=]/)
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, '$1')
    return `${address === 'host-gateway' ? '127.0.0.1' : address}\t${entry.slice(0, at)}\n`
  })
  return `${await readHost('/etc/hosts')}${extra.join('')}`
}

const isText = (text: string | undefined): text is string => text !== undefined

async function readHost(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}
