import { randomBytes } from 'node:crypto'
import { GantryError, messageOf } from '@gantry/errors'
import { interfaceIndex } from '@gantry/syscall'
import { ensureBridge } from './bridge/bridge.ts'
import { bridgeOptions } from './bridge/options.ts'
import { configOnlyNetwork, withConfigFrom } from './config-only.ts'
import type { NetworkCreate, NetworkRecord, RecordTable } from './contracts.ts'
import { networkElements } from './firewall/elements.ts'
import { adding, deleting } from './firewall/ruleset.ts'
import { type Addresses, subnetsOf } from './ipam/addresses.ts'
import { blockOf, type Cidr, parseCidr } from './ipam/cidr.ts'
import { planIpam } from './ipam/configuration.ts'
import type { AddressPool } from './ipam/pools.ts'
import type { Kernel } from './kernel.ts'

const predefinedNames = ['bridge', 'host', 'none'] as const

export interface RegistryOptions {
  kernel: Kernel
  table: RecordTable<NetworkRecord>
  addresses: Addresses
  pools: readonly AddressPool[]
  log(message: string): void
}

/** The networks there are: their records, bridges and firewall elements. Knows nothing of containers. */
export class NetworkRegistry {
  readonly #options: RegistryOptions
  readonly #networks = new Map<string, NetworkRecord>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  list(): NetworkRecord[] {
    return [...this.#networks.values()]
  }

  bridges(): NetworkRecord[] {
    return this.list().filter(({ driver }) => driver === 'bridge')
  }

  find(reference: string): NetworkRecord {
    const exact = this.#networks.get(reference) ?? this.list().find(({ name }) => name === reference)
    if (exact) return exact
    const matches = reference === '' ? [] : this.list().filter(({ id }) => id.startsWith(reference))
    if (matches.length > 1)
      throw new GantryError(
        'InvalidParameter',
        `network ${reference} is ambiguous (${matches.length} matches found on ID prefix)`,
      )
    const [match] = matches
    if (!match) throw new GantryError('NotFound', `network ${reference} not found`)
    return match
  }

  /** Makes a network of a user. Synchronous, so that two of one name cannot pass each other. */
  create(asked: NetworkCreate): NetworkRecord {
    this.#checkName(asked.name)
    if (asked.configOnly) {
      const network = configOnlyNetwork(asked)
      this.establish(network)
      return network
    }
    const request = withConfigFrom(asked, this.list())
    const driver = checkDriver(request.driver ?? 'bridge')
    const id = randomBytes(32).toString('hex')
    const options = request.options ?? {}
    const bridgeName = bridgeOptions(options).name ?? `br-${id.slice(0, 12)}`
    this.#checkBridgeName(request.name, bridgeName)
    const enableIPv4 = request.enableIPv4 ?? true
    const enableIPv6 = request.enableIPv6 ?? false
    if (!enableIPv4 && !enableIPv6) throw new GantryError('InvalidParameter', 'IPv4 or IPv6 must be enabled')
    const network: NetworkRecord = {
      id,
      name: request.name,
      driver,
      created: new Date().toISOString(),
      internal: request.internal ?? false,
      attachable: request.attachable ?? false,
      enableIPv4,
      enableIPv6,
      ...(!request.ipam?.Config?.some(({ Subnet }) => Subnet) && { ownSubnets: true }),
      ipam: planIpam({
        ipam: request.ipam,
        ipv4: enableIPv4,
        ipv6: enableIPv6,
        pools: this.#options.pools,
        networks: this.subnets(),
        routes: this.hostRoutes(),
      }),
      options,
      labels: request.labels ?? {},
      ...(request.configFrom && { configFrom: request.configFrom }),
      bridgeName,
      ...(interfaceIndex(bridgeName) !== undefined && { bridgeForeign: true }),
    }
    this.establish(network)
    return network
  }

  /** Records a network and makes what it consists of. Throws; then it is gone again. */
  establish(network: NetworkRecord): void {
    const { kernel, table, addresses } = this.#options
    table.set(network.id, network)
    this.#networks.set(network.id, network)
    addresses.addNetwork(network)
    try {
      if (network.driver !== 'bridge') return
      ensureBridge(kernel.rtnetlink, network)
      this.#enableForwarding(network)
      this.#open(network)
    } catch (error) {
      this.#forget(network)
      if (!network.bridgeForeign && network.bridgeName && interfaceIndex(network.bridgeName) !== undefined)
        kernel.rtnetlink.deleteLink(network.bridgeName)
      throw error
    }
  }

  /** Deletes a network that nothing is connected to: bridge and elements first, the record last. */
  async remove(network: NetworkRecord): Promise<void> {
    const { kernel } = this.#options
    // Out of reach before the first wait: nobody can connect to it any more.
    this.#networks.delete(network.id)
    try {
      if (network.driver === 'bridge') {
        kernel.firewall.apply(deleting(networkElements(network)))
        kernel.foreignChain.allow(this.#bridgeNames())
        await this.#removeBridge(network)
      }
      this.#forget(network)
    } catch (error) {
      this.#networks.set(network.id, network)
      if (network.driver === 'bridge') this.#openAgain(network)
      throw error
    }
  }

  /** Reads the records of the last daemon and makes their bridges anew where they are gone. */
  load(): void {
    const { kernel, table, addresses, log } = this.#options
    for (const network of table.values()) {
      this.#networks.set(network.id, network)
      addresses.addNetwork(network)
      if (network.driver !== 'bridge') continue
      try {
        ensureBridge(kernel.rtnetlink, network)
        this.#enableForwarding(network)
      } catch (error) {
        log(`network ${network.name}: ${error}`)
      }
    }
  }

  /** Makes the firewall rules again that somebody took away (`nft flush ruleset`, a firewall's reload). Never throws. */
  repairFirewall(): void {
    const { kernel, log } = this.#options
    try {
      if (kernel.firewall.repair()) log('the firewall rules were gone: made them again')
      kernel.foreignChain.allow(this.#bridgeNames())
    } catch (error) {
      log(`cannot make the firewall rules again: ${error}`)
    }
  }

  /** Takes bridges and firewall rules away and leaves the records. Never rejects. */
  async withdraw(): Promise<void> {
    const { kernel, log } = this.#options
    try {
      kernel.firewall.remove()
      kernel.foreignChain.allow([])
      await Promise.all(this.bridges().map((network) => this.#removeBridge(network)))
    } catch (error) {
      log(`taking networks down: ${error}`)
    }
  }

  /** Puts a changed record of the default network in the place of the one it had. */
  async replace(network: NetworkRecord, changed: NetworkRecord): Promise<void> {
    await this.remove(network)
    this.establish(changed)
  }

  /** Subnets that networks use. */
  subnets(): Cidr[] {
    return this.bridges().flatMap((network) => {
      const { ipv4, ipv6 } = subnetsOf(network)
      return [ipv4, ipv6].flatMap((subnet) => (subnet ? [subnet.subnet] : []))
    })
  }

  /** Destinations that the host has routes to, default routes aside. */
  hostRoutes(): Cidr[] {
    return this.#options.kernel.rtnetlink
      .routes()
      .map((route) => blockOf(parseCidr(route.destination)))
      .filter(({ prefix }) => prefix > 0)
  }

  #bridgeNames(): string[] {
    return this.bridges().flatMap(({ bridgeName }) => bridgeName ?? [])
  }

  #enableForwarding(network: NetworkRecord): void {
    const { kernel, log } = this.#options
    const bridges = this.#bridgeNames()
    if (kernel.forwarding.enableIPv4(bridges))
      log('turned on IPv4 forwarding; traffic between other interfaces of the host stays closed')
    if (network.enableIPv6 && kernel.forwarding.enableIPv6(bridges))
      log('turned on IPv6 forwarding; traffic between other interfaces of the host stays closed')
  }

  /** Has the firewall know a network. Throws; then it does not. */
  #open(network: NetworkRecord): void {
    const { firewall, foreignChain } = this.#options.kernel
    const elements = networkElements(network)
    firewall.apply(adding(elements))
    try {
      foreignChain.allow(this.#bridgeNames())
    } catch (error) {
      firewall.apply(deleting(elements))
      throw error
    }
  }

  /** After a removal that failed. Never throws: that failure is what is to be told. */
  #openAgain(network: NetworkRecord): void {
    const { kernel, log } = this.#options
    try {
      ensureBridge(kernel.rtnetlink, network)
      this.#open(network)
    } catch (error) {
      log(`network ${network.name}: ${messageOf(error)}`)
    }
  }

  async #removeBridge({ bridgeName, bridgeForeign }: NetworkRecord): Promise<void> {
    if (!bridgeName || bridgeForeign || interfaceIndex(bridgeName) === undefined) return
    await this.#options.kernel.rtnetlink.deleteLinkInBackground(bridgeName)
  }

  #forget(network: NetworkRecord): void {
    this.#networks.delete(network.id)
    this.#options.addresses.removeNetwork(network.id)
    this.#options.table.delete(network.id)
  }

  #checkName(name: string): void {
    if (name.trim() === '') throw new GantryError('InvalidParameter', `invalid name: ${name}`)
    if (isPredefined(name))
      throw new GantryError('Forbidden', `operation is not permitted on predefined ${name} network`)
    if (this.list().some((network) => network.name === name))
      throw new GantryError('Conflict', `network with name ${name} already exists`)
  }

  #checkBridgeName(name: string, bridgeName: string): void {
    const other = this.list().find((network) => network.bridgeName === bridgeName)
    if (other)
      throw new GantryError(
        'Forbidden',
        `cannot create network ${name} (${bridgeName}): conflicts with network ${other.name} (${bridgeName}): networks have same bridge name`,
      )
  }
}

/** Whether the name is one of the networks that are always there, which nobody can make or remove. */
export const isPredefined = (name: string): boolean => (predefinedNames as readonly string[]).includes(name)

function checkDriver(driver: string): 'bridge' {
  if (driver === 'bridge') return driver
  if (driver === 'host' || driver === 'null')
    throw new GantryError('Forbidden', `only one instance of "${driver}" network is allowed`)
  if (driver === 'overlay')
    throw new GantryError(
      'Unavailable',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    )
  throw new GantryError('NotFound', `plugin "${driver}" not found`)
}
