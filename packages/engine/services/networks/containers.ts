import type { EndpointSettings } from '@gantry/api'
import type { EndpointRecord, EndpointRequest } from '@gantry/network'

/** What the network service needs of containers, which it does not own. */
export interface ContainerNetworking {
  /**
   * Runs `work` while nothing else changes this container: no start, stop or removal meanwhile.
   * Throws NotFound `No such container: X`.
   */
  exclusively<T>(reference: string, work: (container: NetworkedContainer) => Promise<T>): Promise<T>
}

/** A container as far as networks concern it, valid during one `exclusively`. */
export interface NetworkedContainer {
  readonly id: string
  readonly name: string
  /** It has a process, and so a place on its networks. */
  readonly running: boolean
  /** HostConfig.NetworkMode: `default`, `bridge`, `host`, `none`, `container:<id>`, or a network's name or id. */
  readonly networkMode: string
  /** What is asked of each network, by the name or id that the user gave it. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>
  /** What `Networks.connect` takes to put it on one more network. */
  endpointRequest(settings: EndpointSettings): EndpointRequest
  /** Lets its files say that it has this place on a network, or has it no longer. */
  connected(endpoint: EndpointRecord): Promise<void>
  disconnected(endpoint: EndpointRecord): Promise<void>
  /** Replaces what is asked, and keeps it. */
  setEndpoints(endpoints: Record<string, EndpointSettings>): void
}
