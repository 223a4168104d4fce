/** The place of a step on a network, and the files that tell it of that. */
import { chown, readFile, writeFile } from 'node:fs/promises'
import { hostname as hostnameOfHost } from 'node:os'
import { join } from 'node:path'
import { GantryError } from '@gantry/errors'
import {
  extraHostsLines,
  hasNames,
  hostsFile,
  internalResolvConf,
  reachableServers,
  resolvConf,
  type Sandbox,
  withHostsLines,
} from '@gantry/network'
import type { Container } from '../../containers/container.ts'
import type { ContainerDependencies } from '../../containers/dependencies.ts'
import { type ContainerFiles, containerFiles } from '../../containers/paths.ts'
import type { Registry } from '../../containers/registry.ts'
import { sharedContainer } from '../../containers/validate-modes.ts'
import type { StepUsers } from './users.ts'

/** BuildKit's name for the machine that a step sees. */
const ownHostname = 'buildkitsandbox'

export type StepNetworkParts = Pick<ContainerDependencies, 'networks' | 'dns' | 'hostGateway' | 'paths'> & {
  containers: Pick<Registry, 'find'>
}

export interface StepPlace {
  /** Path of the network namespace, or `host`. */
  namespace: string
  hostname: string
  files: ContainerFiles
}

interface StepWishes {
  network: string
  hosts: readonly string[]
  hostname?: string
}

interface NetworkDonor {
  container: Container
  pid: number
}

/** The running container that a network mode names, or the one whose network that one shares; null for other modes. */
export function networkDonor(mode: string, containers: Pick<Registry, 'find'>): NetworkDonor | null {
  const reference = sharedContainer(mode)
  if (reference === null) return null
  const container = containers.find(reference)
  if (!container.task)
    throw new GantryError('Conflict', `cannot join network of a non running container: ${container.id}`)
  const further = networkDonor(container.record.hostConfig.NetworkMode ?? '', containers)
  return { container: further?.container ?? container, pid: container.task.pid }
}

export class StepNetwork {
  readonly #parts: StepNetworkParts
  readonly #id: string
  readonly #mode: string
  readonly #hosts: readonly string[]
  readonly #hostname: string

  /** `network` is `default`, `none`, `host`, a network's name or id, or `container:ID`. */
  constructor(parts: StepNetworkParts, id: string, { network, hosts, hostname = ownHostname }: StepWishes) {
    this.#parts = parts
    this.#id = id
    this.#mode = network
    this.#hosts = hosts
    this.#hostname = hostname
  }

  /** Files are made in `directory`. Undone by `Networks.removeSandbox`. Rejects with NotFound and Conflict, in Docker's words. */
  async place(directory: string, users: StepUsers | null): Promise<StepPlace> {
    const donor = networkDonor(this.#mode, this.#parts.containers)
    if (donor) return await this.#shared(donor, directory)
    const sandbox = await this.#sandbox(users)
    const files = await this.#files(sandbox, directory)
    if (users) {
      const { uid, gid } = users.idMap.root
      await Promise.all(Object.values(files).map((file) => chown(file, uid, gid)))
    }
    return { namespace: sandbox.path ?? 'host', hostname: this.#hostname, files }
  }

  async #shared({ container, pid }: NetworkDonor, directory: string): Promise<StepPlace> {
    const { config, hostConfig, id } = container.record
    const hostname =
      config.Hostname || (hostConfig.NetworkMode === 'host' ? hostnameOfHost() : id.slice(0, 12))
    const files = containerFiles(this.#parts.paths.containers, id)
    if (this.#hosts.length > 0) {
      const known = await readFile(files.hosts, 'utf8')
      const { hostGateway } = this.#parts
      files.hosts = join(directory, 'hosts')
      const added = extraHostsLines({ extraHosts: this.#hosts, hostGateway })
      await writeFile(files.hosts, withHostsLines(known, added))
    }
    return { namespace: `/proc/${pid}/ns/net`, hostname, files }
  }

  #sandbox(users: StepUsers | null): Promise<Sandbox> {
    const { networks, dns } = this.#parts
    const containerId = this.#id
    const makeNamespace = users ? { makeNamespace: (path: string) => users.makeNetwork(path) } : {}
    if (this.#mode === 'none' || this.#mode === 'host')
      return networks.createSandbox({ containerId, mode: this.#mode, endpoints: [], dns, ...makeNamespace })
    const network = this.#mode === 'default' ? 'bridge' : networks.find(this.#mode).id
    const request = {
      containerId,
      containerName: `build-${containerId.slice(0, 12)}`,
      hostname: this.#hostname,
      settings: {},
    }
    const endpoints = [{ network, request }]
    return networks.createSandbox({ containerId, mode: network, endpoints, dns, ...makeNamespace })
  }

  async #files(sandbox: Sandbox, directory: string): Promise<ContainerFiles> {
    const paths = {
      hosts: join(directory, 'hosts'),
      hostname: join(directory, 'hostname'),
      resolvConf: join(directory, 'resolv.conf'),
    }
    await Promise.all([
      writeFile(paths.hosts, await this.#hostsText(sandbox)),
      writeFile(paths.hostname, `${this.#hostname}\n`),
      writeFile(paths.resolvConf, await this.#resolvConf(sandbox)),
    ])
    return paths
  }

  async #hostsText(sandbox: Sandbox): Promise<string> {
    const { hostGateway } = this.#parts
    const endpoints = Object.values(sandbox.endpoints)
    const text = (value: string | undefined): value is string => value !== undefined
    const gateways = endpoints.map(({ ipv4 }) => ipv4?.gateway).filter(text)
    const own = hostsFile({
      hostname: this.#hostname,
      domainname: '',
      addresses: endpoints.map(({ ipv4 }) => ipv4?.address).filter(text),
      extraHosts: [...this.#hosts],
      hostGateway: hostGateway.length > 0 ? hostGateway : gateways.slice(0, 1),
      links: [],
    })
    return sandbox.path === null ? `${await readFile('/etc/hosts', 'utf8').catch(() => '')}${own}` : own
  }

  async #resolvConf(sandbox: Sandbox): Promise<string> {
    const { dns, networks } = this.#parts
    if (sandbox.path === null) return readFile('/etc/resolv.conf', 'utf8').catch(() => '')
    const endpoints = Object.values(sandbox.endpoints)
    if (endpoints.some(({ networkId }) => hasNames(networks.find(networkId)))) return internalResolvConf(dns)
    return resolvConf({ ...dns, servers: dns.hostServers ? reachableServers(dns.servers) : dns.servers })
  }
}
