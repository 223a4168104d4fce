import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { ForwardedPort } from './protocol.ts'

/** Milliseconds after the last datagram of a client until it is forgotten; as Docker's proxy. */
const patience = 90_000
/** Clients of one port; beyond that the one that has been quiet the longest is forgotten. */
const maximumFlows = 512
/** Bytes that wait to be sent by one socket; datagrams beyond that are lost, as on any wire. */
const maximumQueue = 256 << 10

/** The datagrams of one client: a socket of its own, so that answers find back to it. */
interface Flow {
  socket: Socket
  target: ForwardedPort['target']
  last: number
}

/** Carries the datagrams of one UDP port. */
export class UdpRelay {
  readonly #socket: Socket
  /** By client; the quietest first. */
  readonly #flows = new Map<string, Flow>()
  readonly #sweeper: NodeJS.Timeout
  #target: ForwardedPort['target']

  private constructor(target: ForwardedPort['target']) {
    this.#target = target
    this.#socket = createSocket({ type: 'udp6', ipv6Only: true })
    this.#socket.on('message', (message, client) => this.#receive(message, client))
    this.#sweeper = setInterval(() => this.#forgetQuiet(), patience / 10).unref()
  }

  /** Rejects with the code of bind(2). */
  static async open(port: ForwardedPort): Promise<UdpRelay> {
    const relay = new UdpRelay(port.target)
    const socket = relay.#socket
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address: port.hostIp, port: port.hostPort, exclusive: true }, resolve)
      })
    } catch (error) {
      relay.close()
      throw error
    }
    socket.removeAllListeners('error')
    socket.on('error', () => {})
    return relay
  }

  /** Where datagrams go from now on. */
  retarget(target: ForwardedPort['target']): void {
    if (target.address === this.#target.address && target.port === this.#target.port) return
    this.#target = target
    for (const client of [...this.#flows.keys()]) this.#forget(client)
  }

  close(): void {
    clearInterval(this.#sweeper)
    this.#socket.close()
    for (const client of [...this.#flows.keys()]) this.#forget(client)
  }

  #receive(message: Buffer, client: RemoteInfo): void {
    // A source port that cannot be answered: Node would throw.
    if (client.port === 0) return
    const { socket, target } = this.#flowOf(client)
    if (socket.getSendQueueSize() > maximumQueue) return
    socket.send(message, target.port, target.address, () => {})
  }

  #flowOf(client: RemoteInfo): Flow {
    const key = `${client.address} ${client.port}`
    const flow = this.#flows.get(key) ?? this.#newFlow(client)
    flow.last = Date.now()
    this.#flows.delete(key)
    this.#flows.set(key, flow)
    if (this.#flows.size > maximumFlows) this.#forget(this.#flows.keys().next().value as string)
    return flow
  }

  #newFlow(client: RemoteInfo): Flow {
    const target = this.#target
    const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4')
    socket.on('error', () => {})
    socket.on('message', (answer, from) => {
      if (from.address !== target.address || from.port !== target.port) return
      if (this.#socket.getSendQueueSize() > maximumQueue) return
      this.#socket.send(answer, client.port, client.address, () => {})
    })
    return { socket, target, last: 0 }
  }

  #forgetQuiet(): void {
    const since = Date.now() - patience
    for (const [client, { last }] of this.#flows) {
      if (last > since) return
      this.#forget(client)
    }
  }

  #forget(client: string): void {
    this.#flows.get(client)?.socket.close()
    this.#flows.delete(client)
  }
}
