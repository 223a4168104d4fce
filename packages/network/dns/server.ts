import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { closeSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { boundPort, openSocket, SystemCallError } from '@gantry/syscall'
import { withLength } from './forwarder.ts'
import { type DnsPorts, dnsAddress } from './redirect.ts'
import type { Resolver } from './resolver.ts'

/** Milliseconds without a question after which a TCP connection is closed. */
const idleLimit = 10_000
const maximumConnections = 32
/** Questions of one TCP connection that wait for their answer; reading stops meanwhile. */
const maximumPipelined = 16

/** Sockets bound in a container's namespace, not yet read from. */
export interface DnsSockets {
  udp: number
  tcp: number
  ports: DnsPorts
}

/**
 * Opens the sockets at 127.0.0.11; to be called inside the container's namespace, with its loopback up. `wanted` ports
 * are taken when they are free, others otherwise. Throws SystemCallError; then nothing is left open.
 */
export function openDnsSockets(wanted: DnsPorts = { udp: 0, tcp: 0 }): DnsSockets {
  const udp = openPreferring('udp', wanted.udp)
  try {
    const tcp = openPreferring('tcp', wanted.tcp)
    return { udp, tcp, ports: { udp: boundPort(udp), tcp: boundPort(tcp) } }
  } catch (error) {
    closeSync(udp)
    throw error
  }
}

function openPreferring(protocol: 'udp' | 'tcp', port: number): number {
  try {
    return openSocket(protocol, { address: dnsAddress, port })
  } catch (error) {
    if (port === 0 || !(error instanceof SystemCallError) || error.code !== 'EADDRINUSE') throw error
    return openSocket(protocol, { address: dnsAddress, port: 0 })
  }
}

/** Serves one container's questions on its sockets until it is closed. Takes the sockets over. */
export class DnsServer {
  readonly #resolver: Resolver
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #connections = new Set<Socket>()
  #closed = false

  constructor(sockets: DnsSockets, resolver: Resolver, log: (message: string) => void) {
    this.#resolver = resolver
    this.#udp = createSocket('udp4')
    this.#udp.on('error', (error) => log(`dns: ${error.message}`))
    this.#udp.on('message', (message, { port, address }) => {
      // A source port that cannot be answered: Node would throw.
      if (port !== 0) void this.#answerUdp(message, port, address)
    })
    this.#udp.bind({ fd: sockets.udp })
    this.#tcp = createServer((connection) => this.#serve(connection))
    this.#tcp.maxConnections = maximumConnections
    this.#tcp.on('error', (error) => log(`dns: ${error.message}`))
    this.#tcp.listen({ fd: sockets.tcp })
  }

  /** Closes the sockets. What is being answered goes unanswered. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#udp.close()
    this.#tcp.close()
    for (const connection of this.#connections) connection.destroy()
  }

  async #answerUdp(message: Buffer, port: number, address: string): Promise<void> {
    const answer = await this.#resolver.answer(message, 'udp')
    if (answer && !this.#closed) this.#udp.send(answer, port, address, () => {})
  }

  #serve(connection: Socket): void {
    this.#connections.add(connection)
    connection.setTimeout(idleLimit, () => connection.destroy())
    connection.on('error', () => connection.destroy())
    connection.on('close', () => this.#connections.delete(connection))
    let received = Buffer.alloc(0)
    let waiting = 0
    const answerOne = async (message: Buffer) => {
      if (++waiting >= maximumPipelined) connection.pause()
      const answer = await this.#resolver.answer(message, 'tcp')
      if (--waiting < maximumPipelined) connection.resume()
      if (answer) connection.write(withLength(answer))
    }
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        void answerOne(Buffer.from(received.subarray(2, end)))
        received = received.subarray(end)
      }
    })
  }
}
