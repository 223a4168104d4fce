import { closeSync } from 'node:fs'
import { GantryError, isKind, messageOf } from '@gantry/errors'
import { openSocket } from '@gantry/syscall'
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
  readonly #forwarder: boolean

  /** `forwarder`: whether there is one, so that ports can be served on IPv6 addresses for containers without any. */
  constructor(firewall: ElementTable, reservations: PortReservations, forwarder: boolean) {
    this.#firewall = firewall
    this.#reservations = reservations
    this.#forwarder = forwarder
  }

  /** All of the ports, or a GantryError in Docker's words and none. */
  publish(request: PublishRequest, { endpoint, network }: Attachment): PublishedPort[] {
    try {
      const wishes = portWishes(request, {
        ipv4: endpoint.ipv4 !== undefined,
        ipv6: endpoint.ipv6 !== undefined,
        defaultIPv4: bridgeOptions(network.options).hostBindingIPv4,
        hostIPv6: hasIPv6(),
        forwarder: this.#forwarder,
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
      throw publishFailure(endpoint, error)
    }
  }

  /** Lets published ports lead to another endpoint in one step; false when that one cannot serve all of them. */
  move(ports: readonly PublishedPort[], from: EndpointRecord, to: EndpointRecord): boolean {
    if (!ports.every((port) => this.#canServe(port, to))) return false
    this.#firewall.apply([...deleting(portElements(ports, from)), ...adding(portElements(ports, to))])
    return true
  }

  unpublish(ports: readonly PublishedPort[], endpoint: EndpointRecord): void {
    this.#firewall.apply(deleting(portElements(ports, endpoint)))
    for (const port of ports) this.#reservations.release(port)
  }

  #canServe({ hostIp, protocol }: PublishedPort, { ipv4, ipv6 }: EndpointRecord): boolean {
    if (!hostIp.includes(':')) return ipv4 !== undefined
    return ipv6 !== undefined || (this.#forwarder && protocol !== 'sctp')
  }
}

/** What the user is told when ports cannot be published, as Docker puts it. */
export function publishFailure(
  { containerName, id }: Pick<EndpointRecord, 'containerName' | 'id'>,
  cause: unknown,
): GantryError {
  const message = `driver failed programming external connectivity on endpoint ${containerName} (${id}): ${messageOf(cause)}`
  return new GantryError(isKind(cause) ? cause.kind : 'System', message, { cause })
}

/** Whether this host can listen on IPv6 addresses at all. */
function hasIPv6(): boolean {
  try {
    closeSync(openSocket('tcp', { address: '::1', port: 0 }))
    return true
  } catch {
    return false
  }
}
