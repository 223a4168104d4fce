import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { checkNotConfigOfOthers } from './config-only.ts'
import type {
  EndpointRecord,
  EndpointRequest,
  LinkedContainer,
  NetworkCreate,
  NetworkEventListener,
  NetworkRecord,
  Networks,
  Sandbox,
  SandboxRequest,
} from './contracts.ts'
import type { DefaultBridge } from './default-networks.ts'
import { ContainerNames } from './dns/container-names.ts'
import { PortForwarder } from './forwarder/port-forwarder.ts'
import { Addresses } from './ipam/addresses.ts'
import { type AddressPool, checkPool, defaultPools } from './ipam/pools.ts'
import { type Kernel, openKernel } from './kernel.ts'
import { PortReservations } from './ports/reservations.ts'
import { isPredefined, NetworkRegistry } from './registry.ts'
import { type RestoreContext, restore } from './restore.ts'
import { LinkedPorts } from './sandbox/linked-ports.ts'
import { Publisher } from './sandbox/publisher.ts'
import type { NetworkTables } from './sandbox/records.ts'
import { type LiveSandbox, Sandboxes } from './sandbox/sandboxes.ts'
import { StaleLinks } from './sandbox/stale-links.ts'
import { Wiring } from './sandbox/wiring.ts'

export interface NetworksOptions {
  /** For what a reboot may lose; the namespaces' files go to `netns/` in it. */
  runDir: string
  tables: NetworkTables
  defaultBridge: DefaultBridge
  /** Where subnets are taken from (`--default-address-pool`); Docker's own without it. */
  pools?: readonly AddressPool[]
  /** Name of the nftables table. Each daemon of a machine has its own. */
  table: string
  /**
   * Whether a process beside the daemon serves published ports where the kernel cannot: on the host's IPv6 addresses for
   * containers without IPv6. True without it.
   */
  userlandProxy?: boolean
  /** Milliseconds between looks at whether somebody flushed our firewall rules; 5000 without it. */
  watchInterval?: number
  log?(message: string): void
  onEvent?: NetworkEventListener
}

/** Opens the kernel's interfaces. Nothing is changed before `restore`. Throws GantryError (no libnftables, bad pool). */
export function createNetworks(options: NetworksOptions): Networks {
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(options.table))
    throw new GantryError('InvalidParameter', `invalid nftables table name: ${options.table}`)
  for (const pool of options.pools ?? []) checkPool(pool)
  return new LinuxNetworks(options, openKernel(options.table))
}

class LinuxNetworks implements Networks {
  readonly #registry: NetworkRegistry
  readonly #sandboxes: Sandboxes
  readonly #names: ContainerNames
  readonly #reservations = new PortReservations()
  readonly #forwarder: PortForwarder
  readonly #staleLinks: StaleLinks
  readonly #kernel: Kernel
  readonly #restoring: RestoreContext
  readonly #onEvent: NetworkEventListener
  readonly #log: (message: string) => void
  readonly #watchInterval: number
  #watch: NodeJS.Timeout | undefined

  constructor(options: NetworksOptions, kernel: Kernel) {
    const { tables, log = () => {}, onEvent = () => {} } = options
    const pools = options.pools ?? defaultPools
    const addresses = new Addresses()
    const directory = join(options.runDir, 'netns')
    this.#kernel = kernel
    this.#onEvent = onEvent
    this.#log = log
    this.#watchInterval = options.watchInterval ?? 5000
    this.#staleLinks = new StaleLinks(kernel.rtnetlink, log)
    const reservations = this.#reservations
    const forwarder = new PortForwarder({
      socket: join(options.runDir, 'forwarder.sock'),
      enabled: options.userlandProxy ?? true,
      reservations,
      log,
    })
    this.#forwarder = forwarder
    this.#names = new ContainerNames(kernel.namespaces, log)
    this.#registry = new NetworkRegistry({ kernel, table: tables.networks, addresses, pools, log })
    const linkedPorts = new LinkedPorts(kernel.firewall)
    this.#sandboxes = new Sandboxes({
      directory,
      tables,
      addresses,
      wiring: new Wiring(
        kernel,
        new Publisher(kernel.firewall, reservations, forwarder.enabled),
        this.#names,
      ),
      forwarder,
      names: this.#names,
      staleLinks: this.#staleLinks,
      linkedPorts,
      findNetwork: (reference) => this.#registry.find(reference),
      onEvent,
      log,
    })
    this.#restoring = {
      kernel,
      registry: this.#registry,
      sandboxes: this.#sandboxes,
      reservations,
      forwarder,
      staleLinks: this.#staleLinks,
      linkedPorts,
      tables,
      defaultBridge: options.defaultBridge,
      pools,
      directory,
      log,
    }
  }

  async restore(runningContainers: string[]): Promise<void> {
    await restore(this.#restoring, runningContainers)
    this.#watch = setInterval(() => this.#registry.repairFirewall(), this.#watchInterval).unref()
  }

  async create(request: NetworkCreate): Promise<{ network: NetworkRecord; warning: string }> {
    const network = this.#registry.create(request)
    this.#onEvent('create', network)
    return { network, warning: '' }
  }

  find(reference: string): NetworkRecord {
    return this.#registry.find(reference)
  }

  list(): NetworkRecord[] {
    return this.#registry.list()
  }

  endpoints(networkId: string): EndpointRecord[] {
    return this.#sandboxes.endpointsOf(networkId)
  }

  async remove(reference: string): Promise<void> {
    const network = this.#registry.find(reference)
    const { name, id } = network
    if (isPredefined(name))
      throw new GantryError('Forbidden', `${name} is a pre-defined network and cannot be removed`)
    if (this.endpoints(id).length > 0)
      throw new GantryError(
        'Forbidden',
        `error while removing network: network ${name} id ${id} has active endpoints`,
      )
    checkNotConfigOfOthers(network, this.list())
    await this.#registry.remove(network)
    this.#onEvent('destroy', network)
  }

  async prune(accept: (network: NetworkRecord) => boolean): Promise<string[]> {
    const unused = this.list().filter(
      (network) =>
        !isPredefined(network.name) &&
        !network.configOnly &&
        this.endpoints(network.id).length === 0 &&
        accept(network),
    )
    const removed: string[] = []
    for (const { id, name } of unused) {
      try {
        await this.remove(id)
        removed.push(name)
      } catch (error) {
        // Somebody has connected to it or removed it meanwhile: the others go all the same.
        this.#log(`network ${name} was not pruned: ${messageOf(error)}`)
      }
    }
    return removed
  }

  async createSandbox(request: SandboxRequest): Promise<Sandbox> {
    return this.#sandboxes.describe(await this.#sandboxes.create(request))
  }

  sandbox(containerId: string): Sandbox | null {
    const live = this.#sandboxes.get(containerId)
    return live ? this.#sandboxes.describe(live) : null
  }

  removeSandbox(containerId: string): Promise<void> {
    return this.#sandboxes.remove(containerId)
  }

  async connect(containerId: string, network: string, request: EndpointRequest): Promise<EndpointRecord> {
    const found = this.#registry.find(network)
    return this.#sandboxes.connect(this.#running(containerId), found, request)
  }

  async disconnect(containerId: string, network: string): Promise<void> {
    const found = this.#registry.find(network)
    await this.#sandboxes.disconnect(this.#running(containerId), found)
  }

  link(containerId: string, links: LinkedContainer[]): void {
    const live = this.#sandboxes.get(containerId)
    if (live) this.#sandboxes.link(live, links)
  }

  renameContainer(containerId: string, name: string): void {
    const live = this.#sandboxes.get(containerId)
    if (live) this.#sandboxes.rename(live, name)
  }

  async close(): Promise<void> {
    clearInterval(this.#watch)
    this.#names.close()
    await this.#forwarder.close()
    this.#reservations.close()
    await this.#staleLinks.settle()
    if (this.#sandboxes.values().length === 0) await this.#registry.withdraw()
    this.#kernel.close()
  }

  #running(containerId: string): LiveSandbox {
    const live = this.#sandboxes.get(containerId)
    if (!live) throw new GantryError('Conflict', `Container ${containerId} is not running`)
    return live
  }
}
