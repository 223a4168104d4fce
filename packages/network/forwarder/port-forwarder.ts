import { GantryError, messageOf } from '@gantry/errors'
import type { EndpointRecord } from '../contracts.ts'
import type { PublishedPort } from '../ports/published.ts'
import { type PortReservations, refusalText } from '../ports/reservations.ts'
import { ForwarderProcess } from './forwarder-process.ts'
import { type ForwardedPort, portKey } from './protocol.ts'

/** Milliseconds until a forwarder that was lost is started again; doubled each time that this fails. */
const firstDelay = 100
const longestDelay = 10_000

export interface PortForwarderOptions {
  /** Path of the forwarder's control socket. */
  socket: string
  /** False: no port is forwarded (`--userland-proxy=false`). */
  enabled: boolean
  reservations: PortReservations
  log(message: string): void
}

/**
 * Which ports of the host's IPv6 addresses the forwarder has to serve, container by container. It holds these ports in
 * our stead: a reservation is lent to it for as long.
 */
export class PortForwarder {
  readonly #options: PortForwarderOptions
  readonly #process: ForwarderProcess
  readonly #wanted = new Map<string, ForwardedPort[]>()
  /** What it was last told of. */
  #served: ForwardedPort[] = []
  #turn: Promise<unknown> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined
  #delay = firstDelay
  #closed = false

  constructor(options: PortForwarderOptions) {
    this.#options = options
    this.#process = new ForwarderProcess(options.socket, () => this.#serveLater())
  }

  get enabled(): boolean {
    return this.#options.enabled
  }

  /** Of these ports of a container's endpoint, the ones that need forwarding. */
  share(ports: readonly PublishedPort[], endpoint: EndpointRecord | undefined): ForwardedPort[] {
    return this.enabled && endpoint ? forwardedPorts(ports, endpoint) : []
  }

  /** Notes what a container that outlived the last daemon has; `serve` makes it true. */
  adopt(containerId: string, ports: ForwardedPort[]): void {
    if (ports.length === 0) return
    this.#wanted.set(containerId, ports)
    for (const port of ports) this.#options.reservations.lend(port)
  }

  /** Has exactly these ports of the container forwarded. Rejects in Docker's words; then it has none of them. */
  async set(containerId: string, ports: ForwardedPort[]): Promise<void> {
    if (ports.length === 0 && !this.#wanted.has(containerId)) return
    if (ports.length === 0) this.#wanted.delete(containerId)
    else this.#wanted.set(containerId, ports)
    try {
      const failures = await this.serve()
      for (const port of ports) {
        const code = failures.get(portKey(port))
        if (code) throw new GantryError('System', refusalText(port, code))
      }
    } catch (error) {
      if (ports.length > 0) await this.withdraw(containerId)
      throw error
    }
  }

  /** Forwards nothing for the container any more. Never rejects. */
  async withdraw(containerId: string): Promise<void> {
    await this.set(containerId, []).catch((error) => this.#options.log(messageOf(error)))
  }

  /** Tells the forwarder what is wanted now; resolves to what it cannot open, as error codes by port. */
  serve(): Promise<Map<string, string>> {
    const work = this.#turn.then(() => this.#serve())
    this.#turn = work.catch(() => {})
    return work
  }

  /** Lets go of the forwarder, which goes on as long as it has ports. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.#turn
    await this.#process.close()
  }

  async #serve(): Promise<Map<string, string>> {
    if (this.#closed) return new Map()
    const { reservations } = this.#options
    const wanted = [...this.#wanted.values()].flat()
    const former = this.#served
    for (const port of wanted) reservations.lend(port)
    this.#served = wanted
    const failures = await this.#process.serve(wanted)
    const kept = new Set(wanted.map(portKey))
    for (const port of former) if (!kept.has(portKey(port))) reservations.giveBack(port)
    this.#delay = firstDelay
    return failures
  }

  /** It was killed: its connections are lost, the ports need not be. */
  #serveLater(): void {
    if (this.#closed || this.#served.length === 0) return
    this.#options.log('the port forwarder has ended: starting it again')
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.serve().catch((error) => {
        this.#options.log(messageOf(error))
        this.#serveLater()
      })
    }, this.#delay).unref()
    this.#delay = Math.min(this.#delay * 2, longestDelay)
  }
}

/**
 * The kernel leads from IPv6 to IPv6, but neither to IPv4 nor from ::1. SCTP has no sockets in Node.
 * A pure function.
 */
export function forwardedPorts(ports: readonly PublishedPort[], endpoint: EndpointRecord): ForwardedPort[] {
  return ports.flatMap(({ protocol, hostIp, hostPort, containerPort }): ForwardedPort[] => {
    if (!hostIp.includes(':') || protocol === 'sctp') return []
    if (endpoint.ipv6 && hostIp !== '::' && hostIp !== '::1') return []
    const address = endpoint.ipv6?.address ?? endpoint.ipv4?.address
    return address ? [{ protocol, hostIp, hostPort, target: { address, port: containerPort } }] : []
  })
}
