import { GantryError, isKind, messageOf } from '@gantry/errors'
import { bridgeOptions } from '../bridge/options.ts'
import type { EndpointRecord, PublishRequest } from '../contracts.ts'
import { portElements } from '../firewall/elements.ts'
import type { ElementTable } from '../firewall/firewall.ts'
import { adding, deleting } from '../firewall/ruleset.ts'
import type { PublishedPort } from '../ports/published.ts'
import type { PortReservations } from '../ports/reservations.ts'
import { portWishes } from '../ports/wishes.ts'
import type { Attachment } from './gateway.ts'

/** Publishes ports: reserves them on the host and lets the firewall lead them to a container's endpoint. */
export class Publisher {
  readonly #firewall: ElementTable
  readonly #reservations: PortReservations

  constructor(firewall: ElementTable, reservations: PortReservations) {
    this.#firewall = firewall
    this.#reservations = reservations
  }

  /** All of the ports, or a GantryError in Docker's words and none. */
  publish(request: PublishRequest, { endpoint, network }: Attachment): PublishedPort[] {
    try {
      const wishes = portWishes(request, {
        ipv4: endpoint.ipv4 !== undefined,
        ipv6: endpoint.ipv6 !== undefined,
        defaultIPv4: bridgeOptions(network.options).hostBindingIPv4,
      })
      const ports = this.#reservations.reserve(wishes)
      try {
        this.#firewall.apply(adding(portElements(ports, endpoint)))
        return ports
      } catch (error) {
        for (const port of ports) this.#reservations.release(port)
        throw error
      }
    } catch (error) {
      const message = `driver failed programming external connectivity on endpoint ${endpoint.containerName} (${endpoint.id}): ${messageOf(error)}`
      throw new GantryError(isKind(error) ? error.kind : 'System', message, { cause: error })
    }
  }

  /** Lets published ports lead to another endpoint in one step; false when that one cannot serve all of them. */
  move(ports: readonly PublishedPort[], from: EndpointRecord, to: EndpointRecord): boolean {
    const elements = portElements(ports, to)
    if (elements.length < ports.length) return false
    this.#firewall.apply([...deleting(portElements(ports, from)), ...adding(elements)])
    return true
  }

  unpublish(ports: readonly PublishedPort[], endpoint: EndpointRecord): void {
    this.#firewall.apply(deleting(portElements(ports, endpoint)))
    for (const port of ports) this.#reservations.release(port)
  }
}
