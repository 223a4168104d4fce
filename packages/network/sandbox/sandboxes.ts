import { join } from 'node:path'
import { GantryError, messageOf } from '@gantry/errors'
import { checkConnectable } from '../config-only.ts'
import type {
  EndpointRecord,
  EndpointRequest,
  LinkedContainer,
  NetworkEventListener,
  NetworkRecord,
  Sandbox,
  SandboxRequest,
} from '../contracts.ts'
import type { ContainerNames } from '../dns/container-names.ts'
import type { PortForwarder } from '../forwarder/port-forwarder.ts'
import type { Addresses } from '../ipam/addresses.ts'
import { portMap } from '../ports/published.ts'
import { checkSettings, hasNames, newEndpoint } from './endpoint.ts'
import type { Attachment } from './gateway.ts'
import type { LinkedPorts } from './linked-ports.ts'
import { publishFailure } from './publisher.ts'
import type { NetworkTables, SandboxRecord } from './records.ts'
import type { StaleLinks } from './stale-links.ts'
import type { Wiring } from './wiring.ts'

/** A sandbox with all that is attached to it, in order. */
export interface LiveSandbox {
  record: SandboxRecord
  attachments: Attachment[]
}

export interface SandboxesOptions {
  /** Where the namespaces' files are. */
  directory: string
  tables: NetworkTables
  addresses: Addresses
  wiring: Wiring
  forwarder: PortForwarder
  names: ContainerNames
  staleLinks: StaleLinks
  linkedPorts: LinkedPorts
  findNetwork(reference: string): NetworkRecord
  onEvent: NetworkEventListener
  log(message: string): void
}

/**
 * Containers' namespaces and their places on networks. A sandbox is recorded before the first step of making it, and its
 * record goes after the last step of removing it: whatever moment the daemon dies at, the next one finds what is left.
 */
export class Sandboxes {
  readonly #options: SandboxesOptions
  readonly #live = new Map<string, LiveSandbox>()

  constructor(options: SandboxesOptions) {
    this.#options = options
  }

  get(containerId: string): LiveSandbox | undefined {
    return this.#live.get(containerId)
  }

  /** As the contract has it. */
  describe({ record, attachments }: LiveSandbox): Sandbox {
    return {
      containerId: record.containerId,
      path: record.path,
      endpoints: Object.fromEntries(attachments.map(({ endpoint, network }) => [network.name, endpoint])),
      ports: portMap(record.publish, record.ports),
    }
  }

  endpointsOf(networkId: string): EndpointRecord[] {
    return [...this.#live.values()].flatMap(({ attachments }) =>
      attachments.filter(({ network }) => network.id === networkId).map(({ endpoint }) => endpoint),
    )
  }

  async create(request: SandboxRequest): Promise<LiveSandbox> {
    const { containerId, mode } = request
    await this.remove(containerId)
    const live: LiveSandbox = {
      record: {
        containerId,
        mode,
        path: mode === 'host' ? null : join(this.#options.directory, containerId),
        ready: false,
        endpoints: [],
        publish: request.endpoints.find((endpoint) => endpoint.request.ports)?.request.ports,
        ports: [],
        dns: request.dns,
        ...(request.links?.length && { links: request.links }),
      },
      attachments: [],
    }
    await using undo = new AsyncDisposableStack()
    undo.defer(() => this.#dismantle(live))
    for (const { network, request: wishes } of withDefaultEndpoint(request)) {
      const found = this.#options.findNetwork(network)
      checkConnectable(found)
      this.#plan(live, found, wishes, freeInterface(live))
    }
    this.#save(live)
    this.#live.set(containerId, live)
    if (live.record.path) this.#options.wiring.build(live, live.record.path, request)
    this.#options.linkedPorts.update(this.values())
    await this.#forward(live)
    live.record.ready = true
    this.#save(live)
    undo.move()
    for (const { network } of live.attachments) this.#options.onEvent('connect', network, containerId)
    return live
  }

  /** Unwires and forgets; does what is left to do when it is half made or half removed. */
  async remove(containerId: string): Promise<void> {
    const live = this.#live.get(containerId)
    if (!live) return
    await this.#dismantle(live)
    for (const { network } of live.attachments) this.#options.onEvent('disconnect', network, containerId)
  }

  async connect(
    live: LiveSandbox,
    network: NetworkRecord,
    request: EndpointRequest,
  ): Promise<EndpointRecord> {
    const { containerId, path } = live.record
    const name = request.containerName
    if (path === null || network.driver === 'host')
      throw new GantryError(
        'InvalidParameter',
        'container cannot be disconnected from host network or connected to host network',
      )
    checkConnectable(network)
    if (network.driver === 'none' || live.attachments.some((other) => other.network.driver === 'none'))
      throw new GantryError(
        'InvalidParameter',
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      )
    if (live.attachments.some((other) => other.network.id === network.id))
      throw new GantryError(
        'Forbidden',
        `endpoint with name ${name} already exists in network ${network.name}`,
      )
    await using undo = new AsyncDisposableStack()
    const attachment = this.#plan(live, network, request, freeInterface(live))
    undo.defer(() => this.#detach(live, attachment))
    this.#save(live)
    this.#options.wiring.add(live, path, attachment)
    this.#save(live)
    this.#options.linkedPorts.update(this.values())
    await this.#forward(live)
    undo.move()
    this.#options.onEvent('connect', network, containerId)
    return attachment.endpoint
  }

  async disconnect(live: LiveSandbox, network: NetworkRecord): Promise<void> {
    const attachment = live.attachments.find((other) => other.network.id === network.id)
    if (!attachment)
      throw new GantryError(
        'Forbidden',
        `container ${live.record.containerId} is not connected to network ${network.name}`,
      )
    if (network.driver === 'host')
      throw new GantryError(
        'InvalidParameter',
        'container cannot be disconnected from host network or connected to host network',
      )
    await this.#detach(live, attachment)
    this.#options.onEvent('disconnect', network, live.record.containerId)
  }

  /** Replaces what others have open to this container. */
  link(live: LiveSandbox, links: LinkedContainer[]): void {
    live.record.links = links
    this.#save(live)
    this.#options.linkedPorts.update(this.values())
  }

  /** Gives the container's endpoints its new name. */
  rename(live: LiveSandbox, name: string): void {
    for (const { endpoint, network } of live.attachments) {
      this.#options.names.leave(endpoint)
      const others = endpoint.names.filter((other) => other !== endpoint.containerName && other !== name)
      if (hasNames(network)) endpoint.names = [name, ...others]
      endpoint.containerName = name
      this.#options.tables.endpoints.set(endpoint.id, endpoint)
      if (hasNames(network)) this.#options.names.enter({ record: endpoint, networkName: network.name })
    }
  }

  /** Takes over a sandbox that outlived the last daemon: its addresses and names are known again. */
  adopt(live: LiveSandbox): void {
    this.#live.set(live.record.containerId, live)
    for (const { endpoint } of live.attachments) this.#options.addresses.keep(endpoint)
  }

  /** Answers the names of an adopted sandbox again. */
  resume(live: LiveSandbox): void {
    this.#options.wiring.resume(live)
    this.#save(live)
  }

  values(): LiveSandbox[] {
    return [...this.#live.values()]
  }

  #plan(live: LiveSandbox, network: NetworkRecord, request: EndpointRequest, name: string): Attachment {
    checkSettings(network, request)
    const { IPv4Address: ipv4, IPv6Address: ipv6 } = request.settings.IPAMConfig ?? {}
    const assigned = this.#options.addresses.assign(network, { ipv4, ipv6 })
    const attachment = { endpoint: newEndpoint(network, request, assigned, name), network }
    live.attachments.push(attachment)
    return attachment
  }

  async #detach(live: LiveSandbox, attachment: Attachment): Promise<void> {
    const { tables, wiring, staleLinks, addresses, log } = this.#options
    const { endpoint } = attachment
    const before = live.attachments
    live.attachments = before.filter((other) => other !== attachment)
    try {
      wiring.drop(live, attachment, before)
    } catch (error) {
      // Ports may still lead to its address: it stays one of the sandbox's, which takes it along when it goes.
      live.attachments = before
      throw error
    }
    this.#options.linkedPorts.update(this.values())
    this.#save(live)
    tables.endpoints.delete(endpoint.id)
    await this.#forward(live).catch((error) => log(messageOf(error)))
    // From here on the sandbox knows nothing of it any more, whoever removes it meanwhile.
    if (endpoint.hostInterface) await staleLinks.remove(endpoint.hostInterface)
    addresses.release(endpoint.networkId, endpoint)
  }

  /** The record stays when a step failed, for the next start to try again. */
  async #dismantle(live: LiveSandbox): Promise<void> {
    const { wiring, forwarder, staleLinks, addresses, log } = this.#options
    const { containerId } = live.record
    // First, since whoever publishes the same port next must find it free.
    await forwarder.withdraw(containerId)
    this.#live.delete(containerId)
    const failures = [...this.#unlink(), ...wiring.remove(live)]
    for (const { endpoint } of live.attachments) {
      if (endpoint.hostInterface) staleLinks.expect(endpoint.hostInterface)
      addresses.release(endpoint.networkId, endpoint)
    }
    failures.push(...this.#forget(live, failures.length === 0))
    for (const failure of failures) log(`cleaning up the network of ${containerId}: ${messageOf(failure)}`)
  }

  /** Removes the rows, that of the sandbox only if it is `clean`. Returns what failed: nothing is written on a full disk. */
  #forget({ record, attachments }: LiveSandbox, clean: boolean): unknown[] {
    const { tables } = this.#options
    try {
      for (const { endpoint } of attachments) tables.endpoints.delete(endpoint.id)
      if (clean) tables.sandboxes.delete(record.containerId)
      return []
    } catch (error) {
      return [error]
    }
  }

  /** Returns what failed. */
  #unlink(): unknown[] {
    try {
      this.#options.linkedPorts.update(this.values())
      return []
    } catch (error) {
      return [error]
    }
  }

  /** Has the forwarder serve what the kernel does not lead to the container. Throws GantryError in Docker's words. */
  async #forward({ record, attachments }: LiveSandbox): Promise<void> {
    const { forwarder } = this.#options
    const to = attachments.find(({ endpoint }) => endpoint.id === record.portEndpoint)
    try {
      await forwarder.set(record.containerId, forwarder.share(record.ports, to?.endpoint))
    } catch (error) {
      throw to ? publishFailure(to.endpoint, error) : error
    }
  }

  #save({ record, attachments }: LiveSandbox): void {
    record.endpoints = attachments.map(({ endpoint }) => endpoint.id)
    this.#options.tables.sandboxes.set(record.containerId, record)
    for (const { endpoint } of attachments) this.#options.tables.endpoints.set(endpoint.id, endpoint)
  }
}

/** Host and private mode have an endpoint on the network of that name, without an interface. */
function withDefaultEndpoint(request: SandboxRequest): SandboxRequest['endpoints'] {
  const { containerId, mode, endpoints } = request
  if (endpoints.length > 0 || (mode !== 'host' && mode !== 'none')) return endpoints
  return [{ network: mode, request: { containerId, containerName: '', hostname: '', settings: {} } }]
}

function freeInterface({ attachments }: LiveSandbox): string {
  const taken = new Set(attachments.map(({ endpoint }) => endpoint.interfaceName))
  for (let index = 0; ; index++) if (!taken.has(`eth${index}`)) return `eth${index}`
}
