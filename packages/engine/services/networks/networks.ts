import type { EndpointSettings, NetworkInspect, Operations } from '@gantry/api'
import { GantryError, isKind } from '@gantry/errors'
import type { EndpointRecord, NetworkEventListener, NetworkRecord, Networks } from '@gantry/network'
import type { FaultPoint } from '../../containers/faults.ts'
import type { Events, Filters, NetworkService } from '../../contracts.ts'
import { checkFilters, matchesPruneLabels, untilFilter } from '../filters.ts'
import { checkConnect, checkDisconnect, checkSettings } from './connect-rules.ts'
import type { ContainerNetworking, NetworkedContainer } from './containers.ts'
import { toNetworkCreate } from './create-request.ts'
import { networkFilter } from './list-filters.ts'
import { networkInspectToWire, wireDriver } from './wire.ts'

export interface NetworkServiceOptions {
  networks: Networks
  containers: ContainerNetworking
  events: Pick<Events, 'publish'>
  faults?: FaultPoint
}

/** Networks as the API shows them, with the containers on them. */
export function createNetworkService(options: NetworkServiceOptions): NetworkService {
  return new NetworksOfApi(options)
}

/** What `Networks` tells, as events. */
export function networkEvents(events: Pick<Events, 'publish'>): NetworkEventListener {
  return (action, network, container) => {
    const attributes = { name: network.name, type: wireDriver(network), ...(container && { container }) }
    events.publish('network', action, network.id, attributes)
  }
}

class NetworksOfApi implements NetworkService {
  readonly #networks: Networks
  readonly #containers: ContainerNetworking
  readonly #events: Pick<Events, 'publish'>
  readonly #faults: FaultPoint

  constructor({ networks, containers, events, faults = () => {} }: NetworkServiceOptions) {
    this.#faults = faults
    this.#networks = networks
    this.#containers = containers
    this.#events = events
  }

  async create(request: Operations['NetworkCreate']['body']): Promise<{ id: string; warning: string }> {
    const { network, warning } = await this.#networks.create(toNetworkCreate(request))
    return { id: network.id, warning }
  }

  async inspect(
    reference: string,
    options: { verbose?: boolean; scope?: string } = {},
  ): Promise<NetworkInspect> {
    if (options.scope && options.scope !== 'local')
      throw new GantryError('NotFound', `network ${reference} not found`)
    const network = this.#networks.find(reference)
    return networkInspectToWire(network, this.#networks.endpoints(network.id))
  }

  async list(filters: Filters): Promise<NetworkInspect[]> {
    const endpoints = (network: NetworkRecord) => this.#networks.endpoints(network.id)
    const accepts = networkFilter(filters, (network) => endpoints(network).length > 0)
    return this.#networks
      .list()
      .filter(accepts)
      .map((network) => networkInspectToWire(network, endpoints(network)))
  }

  async remove(reference: string): Promise<void> {
    await this.#networks.remove(reference)
  }

  async prune(filters: Filters): Promise<string[]> {
    checkFilters(filters, ['label', 'label!', 'until'])
    const until = untilFilter(filters, new Date())
    const removed = await this.#networks.prune(
      (network) =>
        matchesPruneLabels(filters, network.labels) && (!until || new Date(network.created) < until),
    )
    this.#events.publish('network', 'prune', '', { reclaimed: '0' })
    return removed
  }

  /** A container that does not run is wired when it starts; here it is only noted. */
  async connect(reference: string, containerReference: string, settings: EndpointSettings): Promise<void> {
    await this.#containers.exclusively(containerReference, async (container) => {
      const network = this.#networks.find(reference)
      const known = this.#keyOf(container, network)
      if (known && container.running && this.#wired(container, network))
        throw new GantryError(
          'Forbidden',
          `endpoint with name ${container.name} already exists in network ${network.name}`,
        )
      const others = Object.keys(container.endpoints).filter((key) => key !== known)
      checkConnect(container, this.#existing(others), network)
      checkSettings(network, settings)
      const endpoint =
        container.running &&
        (await this.#networks.connect(container.id, network.id, container.endpointRequest(settings)))
      if (endpoint) this.#faults('network.connect.wired')
      container.setEndpoints({ ...container.endpoints, [known ?? network.name]: settings })
      if (endpoint) this.#faults('network.connect.recorded')
      if (endpoint) await container.connected(endpoint)
    })
  }

  async disconnect(reference: string, containerReference: string, force: boolean): Promise<void> {
    try {
      await this.#containers.exclusively(containerReference, async (container) => {
        await this.#disconnect(container, this.#networks.find(reference))
      })
    } catch (error) {
      if (!force || !isKind(error, 'NotFound')) throw error
      await this.#disconnectVanished(this.#networks.find(reference), containerReference)
    }
  }

  async #disconnect(container: NetworkedContainer, network: NetworkRecord): Promise<void> {
    checkDisconnect(container, network)
    const key = this.#keyOf(container, network)
    const wired = container.running && this.#wired(container, network)
    if (!key && !wired)
      throw new GantryError('System', `container ${container.id} is not connected to network ${network.name}`)
    if (wired) {
      await this.#networks.disconnect(container.id, network.id)
      this.#faults('network.disconnect.unwired')
    }
    const { [key ?? '']: _, ...left } = container.endpoints
    container.setEndpoints(left)
    if (wired) {
      this.#faults('network.disconnect.recorded')
      await container.disconnected(wired)
    }
  }

  /** `--force` also takes away what a container that is no more has left on the network. */
  async #disconnectVanished(network: NetworkRecord, reference: string): Promise<void> {
    const endpoint = this.#networks
      .endpoints(network.id)
      .find(({ containerId, containerName }) => containerName === reference || containerId === reference)
    if (!endpoint) throw new GantryError('NotFound', `No such container: ${reference}`)
    await this.#networks.disconnect(endpoint.containerId, network.id)
  }

  /** The container's place on the network, if it is wired. */
  #wired(container: NetworkedContainer, network: NetworkRecord): EndpointRecord | undefined {
    return this.#networks.endpoints(network.id).find(({ containerId }) => containerId === container.id)
  }

  /** Under which name the container knows the network, if it does. */
  #keyOf(container: NetworkedContainer, network: NetworkRecord): string | undefined {
    return Object.keys(container.endpoints).find((key) => this.#existing([key])[0]?.id === network.id)
  }

  /** Networks by the names that a container has kept; those since removed are left out. */
  #existing(references: string[]): NetworkRecord[] {
    return references.flatMap((reference) => {
      try {
        return [this.#networks.find(reference)]
      } catch (error) {
        if (isKind(error, 'NotFound')) return []
        throw error
      }
    })
  }
}
